// What a PostgreSQL store holds, all in one schema. The partition leads the keys of everything that belongs to a
// stream, so that the tables can be spread over several servers. Names are bytes (UTF-8): so they may hold any
// character, and their order is that of their code points in every database.

export const PROGRAM = "holodeck";

/** Fixed when a store is created, and recorded in it. */
export const PARTITIONS = 16;

const TABLES = `
CREATE TABLE store (
  one boolean PRIMARY KEY CHECK (one),
  program text NOT NULL,
  version int8 NOT NULL,
  partitions int8 NOT NULL
);

CREATE TABLE events (
  partition int4 NOT NULL,
  position int8 NOT NULL,
  stream bytea NOT NULL,
  seq int8 NOT NULL,
  at int8 NOT NULL,
  room bytea,
  batch int8 NOT NULL,
  hash bytea NOT NULL,
  bytes bytea NOT NULL,
  PRIMARY KEY (partition, position)
);
CREATE UNIQUE INDEX events_by_stream ON events (partition, stream, seq);
CREATE INDEX events_by_room ON events (room, at, hash) WHERE room IS NOT NULL;

CREATE TABLE keys (
  partition int4 NOT NULL,
  stream bytea NOT NULL,
  key bytea NOT NULL,
  seq int8 NOT NULL,
  PRIMARY KEY (partition, stream, key)
);

CREATE TABLE heads (
  partition int4 NOT NULL,
  stream bytea NOT NULL,
  seq int8 NOT NULL,
  hash bytea NOT NULL,
  kind bytea NOT NULL,
  status bytea NOT NULL,
  created_at int8 NOT NULL,
  due_at int8,
  labels bytea NOT NULL,
  label_set bytea[] NOT NULL,
  summary bytea NOT NULL,
  PRIMARY KEY (partition, stream)
) WITH (fillfactor = 70);
CREATE INDEX heads_by_kind ON heads (kind, created_at, stream);
CREATE INDEX heads_by_status ON heads (kind, status, created_at, stream);
CREATE INDEX heads_by_due ON heads (due_at, stream) WHERE due_at IS NOT NULL;

CREATE TABLE rooms (
  partition int4 NOT NULL,
  room bytea NOT NULL,
  tiles int8 NOT NULL,
  first_at int8 NOT NULL,
  latest_at int8 NOT NULL,
  PRIMARY KEY (partition, room)
) WITH (fillfactor = 50);

CREATE TABLE snapshots (
  partition int4 NOT NULL,
  stream bytea NOT NULL,
  snapshot bytea NOT NULL,
  PRIMARY KEY (partition, stream)
);
CREATE TABLE places (name bytea PRIMARY KEY, place text NOT NULL);
CREATE TABLE leases (name bytea PRIMARY KEY, owner bytea NOT NULL, until int8 NOT NULL);

CREATE TABLE blobs (hash bytea PRIMARY KEY, bytes bytea NOT NULL);
ALTER TABLE blobs ALTER COLUMN bytes SET STORAGE EXTERNAL;

CREATE TABLE words (
  partition int4 NOT NULL,
  position int8 NOT NULL,
  at int8 NOT NULL,
  hash bytea NOT NULL,
  words bytea[] NOT NULL,
  PRIMARY KEY (partition, position)
);
CREATE INDEX words_by_word ON words USING gin (words);
CREATE TABLE words_places (partition int4 PRIMARY KEY, position int8 NOT NULL);
INSERT INTO words_places SELECT partition, 0 FROM generate_series(0, ${PARTITIONS - 1}) AS partition;
`;

/**
 * Appends the runs of a batch that still fit, under the locks of their partitions, which PostgreSQL lets go of when
 * the commit can be seen: so positions appear in order. In one call, so that no lock waits for the network. A query
 * within sees what was committed before it, not before the call. Arrays of runs and events are numbered from 1.
 * Gives a row for each run not written, saying where its stream stands, and one for each key used before. A run
 * that this very batch has written before, its answer lost, is told as written.
 */
const APPEND = `
CREATE FUNCTION append_runs(
  batch_id int8, lock_space int4, lock_ids int4[],
  run_partitions int4[], run_streams bytea[], run_afters int8[], run_prevs bytea[],
  run_seqs int8[], run_hashes bytea[], run_kinds bytea[], run_statuses bytea[], run_created int8[],
  run_due int8[], run_labels bytea[], run_label_sets text[], run_summaries bytea[],
  event_runs int4[], event_seqs int8[], event_ats int8[], event_rooms bytea[], event_hashes bytea[],
  event_bytes bytea[],
  key_runs int4[], key_names bytea[], key_seqs int8[]
) RETURNS TABLE (run_index int8, key_index int8, stood_seq int8, stood_hash bytea, was_written boolean)
LANGUAGE plpgsql AS $append$
DECLARE
  bases int8[] := '{}';
  lock_id int4;
  used int8[];
  blocked int4[];
  seqs int8[];
  hashes bytea[];
  fits boolean[];
BEGIN
  FOREACH lock_id IN ARRAY lock_ids LOOP
    PERFORM pg_advisory_xact_lock(lock_space, lock_id);
    bases[lock_id] := coalesce(
      (SELECT e.position FROM events e WHERE e.partition = lock_id ORDER BY e.position DESC LIMIT 1), 0);
  END LOOP;

  used := ARRAY(
    SELECT (SELECT k.seq FROM keys k
      WHERE k.partition = run_partitions[u.run] AND k.stream = run_streams[u.run] AND k.key = u.name)
    FROM unnest(key_runs, key_names) WITH ORDINALITY AS u (run, name, n) ORDER BY u.n);
  blocked := ARRAY(
    SELECT u.run FROM unnest(key_runs, key_seqs, used) AS u (run, seq, used)
    WHERE u.seq IS NOT NULL AND u.used IS NOT NULL);
  SELECT array_agg(h.seq ORDER BY u.n), array_agg(h.hash ORDER BY u.n),
    array_agg(u.seq IS NOT NULL AND coalesce(h.seq, 0) = u.after AND h.hash IS NOT DISTINCT FROM u.prev
      AND u.n <> ALL (blocked) ORDER BY u.n)
  INTO seqs, hashes, fits
  FROM unnest(run_partitions, run_streams, run_afters, run_prevs, run_seqs)
    WITH ORDINALITY AS u (partition, stream, after, prev, seq, n)
  LEFT JOIN LATERAL (
    SELECT x.seq, x.hash FROM heads x WHERE x.partition = u.partition AND x.stream = u.stream LIMIT 1
  ) h ON true;

  IF true = ANY (fits) THEN
    WITH added AS (
      INSERT INTO events (partition, position, stream, seq, at, room, batch, hash, bytes)
      SELECT run_partitions[u.run],
        bases[run_partitions[u.run]]
          + row_number() OVER (PARTITION BY run_partitions[u.run] ORDER BY u.n),
        run_streams[u.run], u.seq, u.at, u.room, batch_id, u.hash, u.bytes
      FROM unnest(event_runs, event_seqs, event_ats, event_rooms, event_hashes, event_bytes)
        WITH ORDINALITY AS u (run, seq, at, room, hash, bytes, n)
      WHERE fits[u.run]
      RETURNING partition, room, at
    )
    INSERT INTO rooms AS r (partition, room, tiles, first_at, latest_at)
    SELECT a.partition, a.room, count(*), min(a.at), max(a.at) FROM added a
    WHERE a.room IS NOT NULL GROUP BY a.partition, a.room
    ON CONFLICT (partition, room) DO UPDATE SET tiles = r.tiles + excluded.tiles,
      first_at = least(r.first_at, excluded.first_at), latest_at = greatest(r.latest_at, excluded.latest_at);

    INSERT INTO keys (partition, stream, key, seq)
    SELECT run_partitions[u.run], run_streams[u.run], u.name, u.seq
    FROM unnest(key_runs, key_names, key_seqs) AS u (run, name, seq)
    WHERE fits[u.run] AND u.seq IS NOT NULL;

    INSERT INTO heads (partition, stream, seq, hash, kind, status, created_at, due_at, labels, label_set, summary)
    SELECT u.partition, u.stream, u.seq, u.hash, u.kind, u.status, u.created, u.due, u.labels,
      u.label_set::bytea[], u.summary
    FROM unnest(run_partitions, run_streams, run_seqs, run_hashes, run_kinds, run_statuses, run_created,
      run_due, run_labels, run_label_sets, run_summaries) WITH ORDINALITY
      AS u (partition, stream, seq, hash, kind, status, created, due, labels, label_set, summary, n)
    WHERE fits[u.n]
    ON CONFLICT (partition, stream) DO UPDATE SET seq = excluded.seq, hash = excluded.hash,
      kind = excluded.kind, status = excluded.status, due_at = excluded.due_at, labels = excluded.labels,
      label_set = excluded.label_set, summary = excluded.summary;
  END IF;

  RETURN QUERY
    SELECT u.n, NULL::int8, coalesce(seqs[u.n], 0), hashes[u.n], EXISTS (
      SELECT FROM events e WHERE e.partition = u.partition AND e.stream = u.stream AND e.seq = u.seq
        AND e.hash = u.hash AND e.batch = batch_id)
    FROM unnest(run_partitions, run_streams, run_seqs, run_hashes)
      WITH ORDINALITY AS u (partition, stream, seq, hash, n)
    WHERE NOT fits[u.n]
    UNION ALL
    SELECT NULL, u.n, u.used, NULL, NULL FROM unnest(used) WITH ORDINALITY AS u (used, n)
    WHERE u.used IS NOT NULL;
END
$append$;
`;

/** When blobs were put; those that are there count as put now. */
const BLOB_PUTS = `
ALTER TABLE blobs ADD COLUMN put_at int8 NOT NULL DEFAULT (extract(epoch FROM now()) * 1000)::int8;
`;

/**
 * Prunes at most `step` of a stream's events: under the lock of its partition, as appends count rooms, and after who
 * fills the words. Of a pruned event, `bytes` is empty, `at` 0 and `room` null.
 */
const PRUNE = `
CREATE FUNCTION prune_events(lock_space int4, in_partition int4, of_stream bytea, through int8, step int4)
RETURNS int8 LANGUAGE plpgsql AS $prune$
DECLARE
  going int8[];
  changed bytea[];
  last_seq int8;
BEGIN
  PERFORM pg_advisory_xact_lock(lock_space, in_partition);
  PERFORM FROM words_places WHERE partition = in_partition FOR UPDATE;
  SELECT array_agg(e.position), array_agg(DISTINCT e.room) FILTER (WHERE e.room IS NOT NULL), max(e.seq)
  INTO going, changed, last_seq FROM (
    SELECT position, room, seq FROM events
    WHERE partition = in_partition AND stream = of_stream AND seq <= through AND octet_length(bytes) > 0
    ORDER BY seq LIMIT step
  ) AS e;
  DELETE FROM keys WHERE partition = in_partition AND stream = of_stream AND seq <= coalesce(last_seq, through);
  IF going IS NULL THEN RETURN 0; END IF;

  UPDATE rooms AS r SET tiles = r.tiles - c.tiles FROM (
    SELECT room, count(*) AS tiles FROM events
    WHERE partition = in_partition AND position = ANY (going) AND room IS NOT NULL GROUP BY room
  ) AS c WHERE r.partition = in_partition AND r.room = c.room;
  UPDATE events SET at = 0, room = NULL, bytes = '' WHERE partition = in_partition AND position = ANY (going);
  DELETE FROM words WHERE partition = in_partition AND position = ANY (going);
  DELETE FROM rooms WHERE partition = in_partition AND room = ANY (changed) AND tiles <= 0;
  UPDATE rooms AS r SET
    first_at = coalesce(
      (SELECT min(e.at) FROM events e WHERE e.room = r.room AND e.partition = in_partition), r.first_at),
    latest_at = coalesce(
      (SELECT max(e.at) FROM events e WHERE e.room = r.room AND e.partition = in_partition), r.latest_at)
  WHERE r.partition = in_partition AND r.room = ANY (changed);
  RETURN cardinality(going);
END
$prune$;
`;

/** Keeps words of events, unless another has filled so far, and but for events pruned since they were read. */
const ADD_WORDS = `
CREATE FUNCTION add_words(
  in_partition int4, from_position int8, to_position int8,
  positions int8[], ats int8[], hashes bytea[], word_sets text[]
) RETURNS void LANGUAGE plpgsql AS $words$
BEGIN
  UPDATE words_places SET position = to_position WHERE partition = in_partition AND position = from_position;
  IF NOT FOUND THEN RETURN; END IF;
  INSERT INTO words (partition, position, at, hash, words)
  SELECT in_partition, u.position, u.at, u.hash, u.words::bytea[]
  FROM unnest(positions, ats, hashes, word_sets) AS u (position, at, hash, words)
  WHERE EXISTS (
    SELECT FROM events e
    WHERE e.partition = in_partition AND e.position = u.position AND octet_length(e.bytes) > 0);
END
$words$;
`;

/** An event is found by its hash too, by a word of its own: the words of what was there before are filled anew. */
const HASH_WORDS = `
DELETE FROM words;
UPDATE words_places SET position = 0;
`;

/** Each brings a store from the version of its index to the next; an empty schema has version 0. */
export const STEPS: readonly string[] = [
  `${TABLES}\n${APPEND}`,
  `${BLOB_PUTS}\n${PRUNE}\n${ADD_WORDS}`,
  HASH_WORDS,
];

export const SCHEMA_VERSION = STEPS.length;
