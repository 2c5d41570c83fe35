/** A still picture of a room, for those who have not seen one: decoration, hidden from screen readers. */

import type { ComponentChildren } from "preact";

export function Glimpse() {
  return (
    <div class="glimpse" aria-hidden="true">
      <div class="glimpse__bar">
        <span class="glimpse__name">Parser pairing</span>
        <span class="glimpse__saved">Saved</span>
        <span class="glimpse__people">
          <i class="glimpse__person glimpse__person--a">AL</i>
          <i class="glimpse__person glimpse__person--b">GH</i>
        </span>
      </div>
      <pre class="glimpse__code">
        <Line n={1}>
          <Key>def</Key> tokens(source):
        </Line>
        <Line n={2}>
          {"    "}
          <Note>"""Words and marks, in order."""</Note>
        </Line>
        <Line n={3}>
          {"    "}
          <Key>for</Key> match <Key>in</Key> <span class="glimpse__selected">PATTERN.finditer(source)</span>
          <Caret who="a" name="Ada" />:
        </Line>
        <Line n={4}>{"        "}kind = match.lastgroup</Line>
        <Line n={5}>
          {"        "}
          <Key>if</Key> kind != <Note>"space"</Note>:
        </Line>
        <Line n={6}>
          {"            "}
          <Key>yield</Key> Token(kind, match.gr
          <Caret who="b" name="Grace" />
        </Line>
        <Line n={7}> </Line>
      </pre>
    </div>
  );
}

function Line({ n, children }: { n: number; children: ComponentChildren }) {
  return (
    <span class="glimpse__line">
      <span class="glimpse__number">{n}</span>
      {children}
      {"\n"}
    </span>
  );
}

function Key({ children }: { children: ComponentChildren }) {
  return <b class="glimpse__key">{children}</b>;
}

function Note({ children }: { children: ComponentChildren }) {
  return <em class="glimpse__string">{children}</em>;
}

function Caret({ who, name }: { who: "a" | "b"; name: string }) {
  return (
    <span class={`glimpse__caret glimpse__caret--${who}`}>
      <span class="glimpse__flag">{name}</span>
    </span>
  );
}
