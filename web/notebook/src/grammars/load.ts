/** The grammars of a notebook's editors: files of their own, loaded when they are wanted, in parts of the core's modules. */

import type { GrammarPackages, ImportPackage, PackageName } from "../../../editor/src/grammarPackages.ts";
import { type LanguageLoader, languageLoader } from "../../../editor/src/languageSupport.ts";
import { SHARED, type SharedModules } from "./shared.ts";

/** The file of each package; the build puts it in. */
declare const GRAMMAR_FILES: { readonly [P in PackageName]: string };

interface GrammarFile<P extends PackageName> {
  default(shared: SharedModules): GrammarPackages[P];
}

/** The packages of this page: their grammars are made once, however many editors use them. */
const packages = new Map<PackageName, Promise<unknown>>();

/** `load` brings in a file of the bundle as a module. */
export function notebookLanguages(load: (file: string) => Promise<unknown>): LanguageLoader {
  const importPackage: ImportPackage = <P extends PackageName>(name: P) => {
    let known = packages.get(name);
    if (known === undefined) {
      known = load(GRAMMAR_FILES[name]).then((file) => (file as GrammarFile<P>).default(SHARED));
      known.catch(() => packages.delete(name));
      packages.set(name, known);
    }
    return known as Promise<GrammarPackages[P]>;
  };
  return languageLoader(importPackage);
}
