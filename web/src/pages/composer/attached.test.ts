// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { type AttachedFile, moved, sorted, weightWords } from "./attached";

const of = (name: string, size = 10): AttachedFile => ({ name, size, media_type: "x/y", hash: `#${name}` });

test("what fits is taken, the rest is told, file by file", () => {
  const chosen = [
    { name: "B.PDF", size: 1 },
    { name: "empty", size: 0 },
    { name: "c.pdf", size: 1_500_000 },
    { name: "c.PDF", size: 1 },
    { name: "d.pdf", size: 600_000 },
    { name: "e.pdf", size: 400_000 },
  ];
  const { fit, problems } = sorted([of("b.pdf", 100_000)], chosen);
  expect(fit.map((one) => one.name)).toEqual(["c.pdf", "e.pdf"]);
  expect(problems).toEqual([
    "There is an attachment called B.PDF already.",
    "empty is empty, or a folder.",
    "There is an attachment called c.PDF already.",
    "d.pdf is too big: it has 600 kB, and 400 kB are left of 2.0 MB.",
  ]);
});

test("a message has so many and no more", () => {
  const listed = Array.from({ length: 24 }, (_, no) => of(`${no}`));
  const { fit, problems } = sorted(listed, [
    { name: "x", size: 1 },
    { name: "y", size: 1 },
  ]);
  expect(fit.map((one) => one.name)).toEqual(["x"]);
  expect(problems).toEqual(["y is one too many: a message has at most 25 attachments."]);
});

test("what files weigh is told where it is much", () => {
  expect(weightWords([{ size: 300_000 }], 1_000)).toBe("");
  expect(weightWords([{ size: 300_000 }, { size: 600_000 }], null)).toBe("1.2 MB of attachments with each");
  expect(weightWords([{ size: 900_000 }], 10_000)).toBe("1.2 MB of attachments with each, 12 GB in all");
});

test("one is moved, as far as it can be", () => {
  const files = [of("a"), of("b"), of("c")];
  expect(moved(files, "#b", -1)).toEqual(["#b", "#a", "#c"]);
  expect(moved(files, "#b", 1)).toEqual(["#a", "#c", "#b"]);
  expect(moved(files, "#a", -1)).toEqual(["#a", "#b", "#c"]);
  expect(moved(files, "#z", 1)).toEqual(["#a", "#b", "#c"]);
});
