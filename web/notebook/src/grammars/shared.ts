/**
 * What the grammars' files take from the core, by module: the objects of two copies of CodeMirror do not know each other.
 * The build refuses a grammar that needs a name which is not here.
 */

import { CompletionContext, completeFromList, ifNotIn, snippetCompletion } from "@codemirror/autocomplete";
import {
  bracketMatchingHandle,
  continuedIndent,
  defineLanguageFacet,
  delimitedIndent,
  flatIndent,
  foldInside,
  foldNodeProp,
  foldService,
  indentNodeProp,
  indentUnit,
  Language,
  LanguageDescription,
  LanguageSupport,
  LRLanguage,
  languageDataProp,
  ParseContext,
  sublanguageProp,
  syntaxTree,
} from "@codemirror/language";
import { countColumn, EditorSelection, EditorState, Prec } from "@codemirror/state";
import { EditorView, keymap } from "@codemirror/view";
import {
  DefaultBufferLength,
  IterMode,
  NodeProp,
  NodeSet,
  NodeType,
  NodeWeakMap,
  Parser,
  parseMixed,
  Tree,
} from "@lezer/common";
import { styleTags, Tag, tags } from "@lezer/highlight";

export const SHARED = {
  "@codemirror/autocomplete": { CompletionContext, completeFromList, ifNotIn, snippetCompletion },
  "@codemirror/language": {
    bracketMatchingHandle,
    continuedIndent,
    defineLanguageFacet,
    delimitedIndent,
    flatIndent,
    foldInside,
    foldNodeProp,
    foldService,
    indentNodeProp,
    indentUnit,
    Language,
    LanguageDescription,
    LanguageSupport,
    languageDataProp,
    LRLanguage,
    ParseContext,
    sublanguageProp,
    syntaxTree,
  },
  "@codemirror/state": { countColumn, EditorSelection, EditorState, Prec },
  "@codemirror/view": { EditorView, keymap },
  "@lezer/common": {
    DefaultBufferLength,
    IterMode,
    NodeProp,
    NodeSet,
    NodeType,
    NodeWeakMap,
    Parser,
    parseMixed,
    Tree,
  },
  "@lezer/highlight": { styleTags, Tag, tags },
} as const;

export type SharedModules = typeof SHARED;
