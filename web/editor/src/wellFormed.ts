/**
 * Keeps half characters out of the document.
 *
 * Neither an operation nor the database can express half a surrogate pair, nor NUL. Yet the editor makes such edits:
 * an input method that turns one emoji into another is seen as a change of the second half alone, and anything can be
 * pasted. Edits are widened to whole characters as they are made, so that undoing them is whole too.
 */

import { isolateHistory } from "@codemirror/commands";
import {
  type Annotation,
  type AnnotationType,
  ChangeSet,
  EditorState,
  type Text,
  Transaction,
} from "@codemirror/state";
import { isHighSurrogate, pairsIn } from "./offsets.ts";
import { LINE_BREAK } from "./operations.ts";

/** NUL and surrogates without their other half (the `u` flag reads pairs as one). */
const UNSTORABLE = /[\0\p{Surrogate}]/gu;

export const wellFormed = EditorState.transactionFilter.of((transaction) => {
  if (!transaction.docChanged || isWellFormed(transaction)) return transaction;
  const widened = widen(transaction.changes, transaction.startState.doc);
  return [
    {
      changes: widened,
      selection: transaction.newSelection,
      effects: transaction.effects,
      annotations: [
        ...copied<unknown>(transaction, Transaction.userEvent),
        ...copied<unknown>(transaction, Transaction.addToHistory),
        ...copied<unknown>(transaction, isolateHistory),
      ],
      scrollIntoView: transaction.scrollIntoView,
    },
    { changes: strip(widened), sequential: true },
  ];
});

function isWellFormed(transaction: Transaction): boolean {
  const { doc } = transaction.startState;
  let whole = true;
  transaction.changes.iterChanges((from, to, _fromNew, _toNew, inserted) => {
    whole &&= !splitsPair(doc, from) && !splitsPair(doc, to);
    for (const piece of inserted) whole &&= piece.search(UNSTORABLE) < 0;
  });
  return whole;
}

function splitsPair(doc: Text, at: number): boolean {
  return at > 0 && at < doc.length && pairsIn(doc) > 0 && isHighSurrogate(doc.sliceString(at - 1, at).charCodeAt(0));
}

/** The same changes, each reaching from whole character to whole character. */
function widen(changes: ChangeSet, doc: Text): ChangeSet {
  const wide: { from: number; to: number; insert: string }[] = [];
  changes.iterChanges((from, to, _fromNew, _toNew, inserted) => {
    const before = splitsPair(doc, from) ? 1 : 0;
    const after = splitsPair(doc, to) ? 1 : 0;
    wide.push({
      from: from - before,
      to: to + after,
      insert:
        doc.sliceString(from - before, from) +
        inserted.sliceString(0, inserted.length, LINE_BREAK) +
        doc.sliceString(to, to + after),
    });
  });
  return ChangeSet.of(wide, doc.length, LINE_BREAK);
}

/** What takes the unstorable characters out of what `changes` insert. */
function strip(changes: ChangeSet): ChangeSet {
  const strips: { from: number; to: number }[] = [];
  changes.iterChanges((_from, _to, fromNew, _toNew, inserted) => {
    for (const found of inserted.sliceString(0, inserted.length, LINE_BREAK).matchAll(UNSTORABLE)) {
      strips.push({ from: fromNew + found.index, to: fromNew + found.index + 1 });
    }
  });
  return ChangeSet.of(strips, changes.newLength, LINE_BREAK);
}

function copied<T>(transaction: Transaction, type: AnnotationType<T>): Annotation<T>[] {
  const value = transaction.annotation(type);
  return value === undefined ? [] : [type.of(value)];
}
