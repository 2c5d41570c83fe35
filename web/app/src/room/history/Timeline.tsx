/** The time line: a slider over all versions above the stretches of who made them, and the replay. */

import { useComputed } from "@preact/signals";
import { ChevronLeft, ChevronRight, Pause, Play } from "lucide-preact";
import { Button, IconButton, Segmented } from "../../components/index.ts";
import { momentOf } from "../../format.ts";
import { authorColour } from "../colour.ts";
import { useRoom } from "../context.ts";
import { clock, dayLabel } from "../logic/times.ts";
import type { HistoryStore } from "./historyStore.ts";
import { SPEEDS } from "./replay.ts";
import { dayTicks, stretchesOf } from "./timeline.ts";

export function Timeline({ history }: { history: HistoryStore }) {
  return (
    <footer class="timeline">
      <div class="timeline__row">
        <Playback history={history} />
        <Moment history={history} />
        <Speeds history={history} />
      </div>
      <div class="timeline__track">
        <Stretches history={history} />
        <Slider history={history} />
      </div>
      <Days history={history} />
      <Progress history={history} />
    </footer>
  );
}

function Playback({ history }: { history: HistoryStore }) {
  const version = history.version.value;
  const playing = history.playing.value;
  const nothing = history.loaded.value === 0;
  return (
    <div class="timeline__playback">
      <IconButton
        label="One version back"
        icon={ChevronLeft}
        disabled={version === 0}
        onClick={() => history.show(version - 1)}
      />
      <IconButton
        class="timeline__play"
        label={playing ? "Pause" : "Play"}
        icon={playing ? Pause : Play}
        disabled={nothing}
        onClick={() => (playing ? history.pause() : history.play())}
      />
      <IconButton
        label="One version on"
        icon={ChevronRight}
        disabled={version >= history.loaded.value}
        onClick={() => history.show(version + 1)}
      />
    </div>
  );
}

/** The version that is shown: which, whose, when. */
function Moment({ history }: { history: HistoryStore }) {
  const { store } = useRoom();
  const version = history.version.value;
  const entry = history.history.value?.entry(version) ?? null;
  return (
    <p class="timeline__moment">
      <strong>
        {version === 0 ? "The beginning" : `Version ${version.toLocaleString()}`}
        <span class="timeline__of"> of {history.latest.value.toLocaleString()}</span>
      </strong>
      {entry !== null && (
        <span class="timeline__who">
          <span class="legend__dot" style={{ backgroundColor: authorColour(store, entry.user_id) }} />
          {entry.user_id === store.userId ? "You" : store.nameOf(entry.user_id)}
          <time dateTime={entry.at} data-tooltip={momentOf(new Date(entry.at))}>
            {when(entry.at)}
          </time>
        </span>
      )}
    </p>
  );
}

function Speeds({ history }: { history: HistoryStore }) {
  return (
    <Segmented
      label="Speed of the replay"
      value={String(history.speed.value)}
      options={SPEEDS.map((speed) => ({ value: String(speed), label: `${speed}×` }))}
      onChange={(chosen) => {
        history.speed.value = SPEEDS.find((speed) => String(speed) === chosen) ?? 1;
      }}
    />
  );
}

function Slider({ history }: { history: HistoryStore }) {
  const { store } = useRoom();
  const version = history.version.value;
  const entry = history.history.value?.entry(version) ?? null;
  const who = entry === null ? "" : `, ${store.nameOf(entry.user_id)}, ${when(entry.at)}`;
  return (
    <input
      class="timeline__slider"
      type="range"
      aria-label="Version"
      aria-valuetext={`Version ${version} of ${history.latest.value}${who}`}
      min={0}
      max={Math.max(1, history.latest.value)}
      step={1}
      value={version}
      disabled={history.loaded.value === 0}
      onInput={(event) => history.show(event.currentTarget.valueAsNumber)}
    />
  );
}

function Stretches({ history }: { history: HistoryStore }) {
  const { store } = useRoom();
  const stretches = useComputed(() => {
    void history.loaded.value; // the list of sessions grows in place
    return stretchesOf(history.history.value?.sessions ?? []);
  }).value;
  const rest = history.latest.value - history.loaded.value;
  return (
    <div class="timeline__stretches" aria-hidden="true">
      {stretches.map(({ from, to, userId }) => (
        <i key={from} style={{ flexGrow: to - from + 1, backgroundColor: authorColour(store, userId) }} />
      ))}
      {rest > 0 && <i class="timeline__rest" style={{ flexGrow: rest }} />}
    </div>
  );
}

function Days({ history }: { history: HistoryStore }) {
  const latest = history.latest.value;
  const ticks = useComputed(() => {
    void history.loaded.value;
    return dayTicks(history.history.value?.sessions ?? [], history.latest.value);
  }).value;
  return (
    <div class="timeline__days" aria-hidden="true">
      {ticks.map(({ version, at }) => (
        <span key={version} style={{ insetInlineStart: `${((version - 1) / Math.max(1, latest)) * 100}%` }}>
          {dayLabel(at, Date.now())}
        </span>
      ))}
    </div>
  );
}

/** How much of a long history is here; or why no more of it. */
function Progress({ history }: { history: HistoryStore }) {
  const { value: loaded } = history.loaded;
  const { value: latest } = history.latest;
  if (history.history.value === null) return null;
  if (history.problem.value !== null) {
    return (
      <p class="timeline__progress" role="alert">
        {history.problem.value}{" "}
        <Button size="s" variant="ghost" onClick={() => void history.read()}>
          Try again
        </Button>
      </p>
    );
  }
  if (loaded >= latest) return null;
  return (
    <p class="timeline__progress">
      <progress value={loaded} max={latest} aria-label="Reading the history" /> {loaded.toLocaleString()} of{" "}
      {latest.toLocaleString()} versions read
    </p>
  );
}

function when(iso: string): string {
  const at = Date.parse(iso);
  return `${dayLabel(at, Date.now())}, ${clock(at)}`;
}
