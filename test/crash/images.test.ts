import { expect, test } from "vitest";
import { need } from "../need.ts";
import { checkImages } from "./images.ts";
import { newSeed } from "./random.ts";

const hasStrace = need("strace");
const SEED = Number(process.env["HOLODECK_SEED"] ?? newSeed());
const IMAGES = process.env["HOLODECK_LONG"] === "1" ? 1_000 : 150;

test.skipIf(!hasStrace)(
  `${IMAGES} disks as a power cut leaves them hold what was promised (HOLODECK_SEED=${SEED})`,
  { timeout: IMAGES * 1_000 },
  async () => {
    const { lost, doubled, torn, ...report } = await checkImages({ images: IMAGES, seed: SEED });
    expect({ lost, doubled, torn }).toEqual({ lost: [], doubled: [], torn: [] });
    expect(report.images).toBe(IMAGES);
    expect(report.acknowledged).toBeGreaterThan(IMAGES);
  },
);

test.skipIf(!hasStrace).each(["NORMAL", "OFF"] as const)(
  "a store that syncs with synchronous=%s loses what it promised",
  { timeout: 60_000 },
  async (synchronous) => {
    const { lost } = await checkImages({ images: 40, seed: SEED, synchronous });
    expect(lost.length).toBeGreaterThan(0);
  },
);
