/**
 * The OT type of the documents: text-unicode, and the only place that knows it.
 *
 * An operation is a list of components that walk over a document from its start. Offsets and lengths count Unicode
 * code points:
 *
 *     5              skip 5
 *     "text"         insert "text" here
 *     {d: 3}         delete 3
 *     {d: "abc"}     delete "abc", which must be what stands here; an operation whose deletes all carry their text is
 *                    invertible
 *
 * What follows the last component stays as it is. Operations are canonical: no empty component, no two neighbours of
 * one kind, no trailing skip.
 *
 * Operations are values: no function changes its arguments, and a result may share parts with them or be one of them.
 * `check` and `normalize` take anything. All others expect canonical operations, so check once, where operations come
 * in.
 *
 *     convergence (TP1):  apply(apply(s, a), transform(b, a, "right")) === apply(apply(s, b), transform(a, b, "left"))
 *
 * What was committed as one operation must be transformed over as one operation: `compose(b, c)` leads to the same text
 * as b and then c, but transforming over it may put an insert elsewhere than transforming over b and then c does.
 */

export type { Side } from "./algebra.ts";
export { apply, applyChecked, compose, invert, makeInvertible, transform } from "./algebra.ts";
export { check, checkText, MAX_COUNT, normalize } from "./check.ts";
export { isNoop, lengthDelta } from "./components.ts";
export { diff } from "./diff.ts";
export { length, toCodePoints, toUtf16 } from "./offsets.ts";
export { fromPositionEdit, transformPosition, transformRange } from "./positions.ts";
