// The page a browser gets: the service's facts and its rooms. Without script, and every text escaped.
import { html, raw } from "hono/html";
import type { RoomSummary } from "../store/port.ts";
import { isoTime } from "../tile/session-tiles.ts";

export interface ServiceFacts {
  readonly service: string;
  readonly version: string;
  readonly instance: string;
  readonly tiles: number;
  readonly rooms: number;
}

const ROOMS_SHOWN = 100;

const STYLE = `body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
:root { color-scheme: light dark; }
th, td { text-align: left; padding-right: 1.5rem; }`;

/** The rooms with the newest tiles first. */
export function frontPage(facts: ServiceFacts, rooms: readonly RoomSummary[], api: readonly string[]) {
  const { service, version, instance, tiles } = facts;
  const newest = rooms.toSorted((a, b) => b.latestAt - a.latestAt).slice(0, ROOMS_SHOWN);
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <title>${instance}: PLATO rooms</title>
        <style>
          ${raw(STYLE)}
        </style>
      </head>
      <body>
        <h1>${instance}</h1>
        <p>${service} ${version}: ${tiles} tiles (small JSON cards) in ${facts.rooms} rooms (channels).</p>
        <h2>Rooms</h2>
        <table>
          ${newest.map(roomRow)}
        </table>
        <h2>Endpoints</h2>
        <ul>
          ${api.map((line) => html`<li><code>${line}</code></li>`)}
        </ul>
      </body>
    </html>`;
}

function roomRow({ room, tiles, latestAt }: RoomSummary) {
  return html`<tr>
    <td><a href="/room/${encodeURIComponent(room)}">${room}</a></td>
    <td>${tiles}</td>
    <td>newest ${isoTime(latestAt)}</td>
  </tr>`;
}
