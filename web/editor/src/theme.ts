/** How the editor looks: the app's tokens where the page defines them, in light and dark. */

import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import type { Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { SURFACE, SYNTAX, shade } from "./palette.ts";

const SURFACE_COLOUR = `var(--surface, ${shade(SURFACE)})`;
const TEXT_COLOUR = `var(--text, ${shade(SYNTAX.name)})`;
const MUTED_COLOUR = `var(--text-muted, ${shade(SYNTAX.operator)})`;
const FAINT_COLOUR = `var(--text-faint, ${shade(SYNTAX.comment)})`;
const BORDER_COLOUR = `var(--border, ${shade(["#e6e3dc", "#2b2b30"])})`;
const CONTROL_COLOUR = `var(--border-control, ${shade(["#8f8a80", "#73737c"])})`;
const ACCENT_COLOUR = `var(--accent, ${shade(["#3350d4", "#4c68e8"])})`;
const RAISED_COLOUR = `var(--surface-raised, ${shade(["#ffffff", "#222226"])})`;
const SELECTION_COLOUR = `var(--selection, ${shade(["#d5defd", "#2e3a73"])})`;
const MATCH_COLOUR = `var(--search-match, ${shade(["#fbe6a6", "#5a4a14"])})`;
const FOCUS_COLOUR = `var(--focus, ${shade(["#3350d4", "#8ea3ff"])})`;
const RADIUS = "var(--radius-s, 5px)";

const structure = EditorView.theme({
  "&": {
    height: "100%",
    color: TEXT_COLOUR,
    backgroundColor: SURFACE_COLOUR,
    fontSize: "var(--editor-size, 0.875rem)",
  },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--font-mono, ui-monospace, monospace)", lineHeight: "1.6", overflow: "auto" },
  ".cm-content": { padding: "12px 0 var(--editor-end, 40vh)", caretColor: TEXT_COLOUR },
  ".cm-line": { padding: "0 16px 0 8px" },
  ".cm-cursor, .cm-dropCursor": { borderLeft: `2px solid ${TEXT_COLOUR}`, marginLeft: "-1px" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    background: SELECTION_COLOUR,
  },
  ".cm-activeLine, .cm-activeLineGutter": {
    backgroundColor: `var(--line-active, ${shade(["rgb(38 34 26 / 4%)", "rgb(255 255 255 / 4%)"])})`,
  },
  ".cm-activeLineGutter": { color: MUTED_COLOUR },
  ".cm-gutters": { backgroundColor: SURFACE_COLOUR, color: FAINT_COLOUR, border: "none" },
  ".cm-lineNumbers .cm-gutterElement": {
    padding: "0 4px 0 var(--editor-margin, 16px)",
    minWidth: "calc(24px + var(--editor-margin, 16px))",
  },
  ".cm-foldGutter .cm-gutterElement": { cursor: "pointer", padding: "0 4px" },
  ".cm-foldPlaceholder": {
    margin: "0 2px",
    padding: "0 6px",
    border: `1px solid ${BORDER_COLOUR}`,
    borderRadius: RADIUS,
    color: MUTED_COLOUR,
    backgroundColor: RAISED_COLOUR,
  },
  "&.cm-focused .cm-matchingBracket": {
    backgroundColor: "transparent",
    outline: `1px solid ${CONTROL_COLOUR}`,
    borderRadius: "2px",
  },
  "&.cm-focused .cm-nonmatchingBracket": { backgroundColor: "transparent", color: shade(SYNTAX.invalid) },
  ".cm-selectionMatch": {
    backgroundColor: "transparent",
    boxShadow: `inset 0 0 0 1px ${CONTROL_COLOUR}`,
    borderRadius: "2px",
  },
  ".cm-searchMatch": { backgroundColor: MATCH_COLOUR, borderRadius: "2px" },
  ".cm-searchMatch.cm-searchMatch-selected": { outline: `2px solid ${ACCENT_COLOUR}` },
  ".cm-specialChar": { color: FAINT_COLOUR },
  ".cm-placeholder": { color: FAINT_COLOUR },
});

const panels = EditorView.theme({
  ".cm-panels": { backgroundColor: RAISED_COLOUR, color: TEXT_COLOUR },
  ".cm-panels.cm-panels-top": { borderBottom: `1px solid ${BORDER_COLOUR}` },
  ".cm-panels.cm-panels-bottom": { borderTop: `1px solid ${BORDER_COLOUR}` },
  ".cm-panel.cm-search": {
    display: "flex",
    flexWrap: "wrap",
    alignItems: "center",
    gap: "6px",
    padding: "8px 40px 8px 12px",
    fontFamily: "var(--font, system-ui, sans-serif)",
    fontSize: "var(--size-s, 0.8125rem)",
  },
  ".cm-panel.cm-search br": { flexBasis: "100%", content: "''", display: "block", height: "0" },
  ".cm-panel.cm-search input, .cm-panel.cm-search button, .cm-panel.cm-search label": { margin: "0" },
  ".cm-panel.cm-search label": {
    display: "inline-flex",
    alignItems: "center",
    gap: "4px",
    fontSize: "inherit",
    color: MUTED_COLOUR,
  },
  ".cm-panel.cm-search input[type=checkbox]": { accentColor: ACCENT_COLOUR },
  ".cm-textfield": {
    height: "28px",
    boxSizing: "border-box",
    flex: "0 1 220px",
    padding: "0 8px",
    border: `1px solid ${CONTROL_COLOUR}`,
    borderRadius: RADIUS,
    backgroundColor: SURFACE_COLOUR,
    color: TEXT_COLOUR,
    fontSize: "inherit",
  },
  ".cm-button": {
    height: "28px",
    padding: "0 10px",
    border: `1px solid ${BORDER_COLOUR}`,
    borderRadius: RADIUS,
    backgroundColor: SURFACE_COLOUR,
    backgroundImage: "none",
    color: TEXT_COLOUR,
    fontSize: "inherit",
    textTransform: "capitalize",
    cursor: "pointer",
  },
  ".cm-button:hover": {
    backgroundColor: `var(--surface-hover, ${shade(["rgb(38 34 26 / 5%)", "rgb(255 255 255 / 6%)"])})`,
  },
  ".cm-button:active": { backgroundImage: "none" },
  ".cm-textfield:focus-visible, .cm-button:focus-visible, .cm-panel.cm-search [name=close]:focus-visible": {
    outline: `2px solid ${FOCUS_COLOUR}`,
    outlineOffset: "1px",
  },
  ".cm-panel.cm-search [name=close]": {
    top: "8px",
    right: "8px",
    width: "28px",
    height: "28px",
    borderRadius: RADIUS,
    color: MUTED_COLOUR,
    fontSize: "18px",
    cursor: "pointer",
  },
  ".cm-tooltip": {
    border: `1px solid ${BORDER_COLOUR}`,
    borderRadius: RADIUS,
    backgroundColor: RAISED_COLOUR,
    color: TEXT_COLOUR,
    boxShadow: "var(--shadow-m, 0 4px 12px rgb(0 0 0 / 20%))",
    overflow: "hidden",
  },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "inherit", fontSize: "var(--size-s, 0.8125rem)" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { padding: "3px 10px" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": {
    backgroundColor: ACCENT_COLOUR,
    color: "var(--on-accent, #ffffff)",
  },
});

const highlighting = HighlightStyle.define([
  { tag: [tags.comment, tags.quote], color: shade(SYNTAX.comment), fontStyle: "italic" },
  { tag: [tags.keyword, tags.modifier, tags.definitionKeyword, tags.self, tags.atom], color: shade(SYNTAX.keyword) },
  { tag: [tags.controlKeyword, tags.moduleKeyword, tags.operatorKeyword], color: shade(SYNTAX.control) },
  { tag: [tags.string, tags.docString, tags.character, tags.inserted], color: shade(SYNTAX.string) },
  { tag: [tags.escape, tags.regexp, tags.special(tags.string)], color: shade(SYNTAX.escape) },
  {
    tag: [tags.number, tags.bool, tags.null, tags.constant(tags.variableName), tags.color],
    color: shade(SYNTAX.number),
  },
  {
    tag: [tags.function(tags.variableName), tags.function(tags.propertyName), tags.macroName, tags.labelName],
    color: shade(SYNTAX.function),
  },
  {
    tag: [tags.typeName, tags.className, tags.namespace, tags.tagName, tags.standard(tags.name)],
    color: shade(SYNTAX.type),
  },
  { tag: [tags.propertyName, tags.attributeName, tags.definition(tags.propertyName)], color: shade(SYNTAX.property) },
  { tag: [tags.operator, tags.punctuation, tags.bracket, tags.separator], color: shade(SYNTAX.operator) },
  { tag: [tags.meta, tags.annotation, tags.processingInstruction], color: shade(SYNTAX.meta) },
  { tag: tags.heading, color: shade(SYNTAX.heading), fontWeight: "600" },
  { tag: [tags.link, tags.url], color: shade(SYNTAX.link), textDecoration: "underline" },
  { tag: tags.emphasis, fontStyle: "italic" },
  { tag: tags.strong, fontWeight: "700" },
  { tag: tags.strikethrough, textDecoration: "line-through" },
  { tag: tags.monospace, color: shade(SYNTAX.meta) },
  { tag: [tags.invalid, tags.deleted], color: shade(SYNTAX.invalid) },
]);

const light = EditorView.theme({ "&": { colorScheme: "light" } });
const dark = EditorView.theme({ "&": { colorScheme: "dark" } }, { dark: true });

/** What does not change between light and dark. */
export const appearance: Extension = [structure, panels, syntaxHighlighting(highlighting)];

/** To be put in a compartment: all colours follow the `color-scheme` that it sets. */
export function colourScheme(isDark: boolean): Extension {
  return isDark ? dark : light;
}
