/** Form fields: a label, a control, and what is to be said of it. The control finds its label by context. */

import { ChevronDown } from "lucide-preact";
import { type ComponentChildren, type ComponentProps, createContext, type Ref } from "preact";
import { useContext, useId } from "preact/hooks";
import { ICON_SIZE, type Icon } from "./icon.ts";

interface FieldLinks {
  id?: string;
  "aria-describedby"?: string;
  "aria-invalid"?: boolean;
}

const FieldContext = createContext<FieldLinks>({});

export interface FieldProps {
  label: string;
  hint?: string;
  error?: string;
  /** Shown after the label in a quiet voice. */
  optional?: boolean;
  children: ComponentChildren;
}

/** One control with its label; `error` takes the place of `hint` and is read out when it appears. */
export function Field({ label, hint, error, optional = false, children }: FieldProps) {
  const id = useId();
  const noteId = `${id}-note`;
  const links: FieldLinks = {
    id,
    ...(hint || error ? { "aria-describedby": noteId } : {}),
    ...(error ? { "aria-invalid": true } : {}),
  };
  return (
    <div class="field">
      <label class="field__label" for={id}>
        {label}
        {optional && <span class="field__optional"> optional</span>}
      </label>
      <FieldContext.Provider value={links}>{children}</FieldContext.Provider>
      {(hint || error) && (
        <p
          id={noteId}
          class={error ? "field__note field__note--error" : "field__note"}
          {...(error ? { role: "alert" } : {})}
        >
          {error ?? hint}
        </p>
      )}
    </div>
  );
}

export interface TextInputProps extends Omit<ComponentProps<"input">, "icon" | "ref" | "class" | "className"> {
  icon?: Icon;
  class?: string;
  innerRef?: Ref<HTMLInputElement>;
}

export function TextInput({ icon: IconShape, class: className = "", innerRef, ...rest }: TextInputProps) {
  const links = useContext(FieldContext);
  return (
    <span class={IconShape ? `input input--icon ${className}` : `input ${className}`}>
      {IconShape && <IconShape size={ICON_SIZE.m} aria-hidden="true" />}
      <input autocomplete="off" {...links} {...rest} ref={innerRef ?? null} />
    </span>
  );
}

export interface TextAreaProps extends Omit<ComponentProps<"textarea">, "ref" | "class" | "className"> {
  class?: string;
  innerRef?: Ref<HTMLTextAreaElement>;
}

export function TextArea({ class: className = "", innerRef, ...rest }: TextAreaProps) {
  const links = useContext(FieldContext);
  return (
    <span class={`input input--area ${className}`}>
      <textarea rows={3} {...links} {...rest} ref={innerRef ?? null} />
    </span>
  );
}

export interface SelectProps<V extends string> {
  value: V;
  options: readonly { value: V; label: string; disabled?: boolean }[];
  onChange: (value: V) => void;
  /** Its accessible name where it stands in no Field. */
  label?: string;
  size?: "s" | "m";
  disabled?: boolean;
}

export function Select<V extends string>({ value, options, onChange, label, size = "m", disabled }: SelectProps<V>) {
  const links = useContext(FieldContext);
  return (
    <span class={`input input--select input--${size}`}>
      <select
        {...links}
        {...(label ? { "aria-label": label } : {})}
        value={value}
        disabled={disabled ?? false}
        onChange={(event) => {
          const chosen = options.find((option) => option.value === event.currentTarget.value);
          if (chosen) onChange(chosen.value);
        }}
      >
        {options.map((option) => (
          <option key={option.value} value={option.value} disabled={option.disabled ?? false}>
            {option.label}
          </option>
        ))}
      </select>
      <ChevronDown size={ICON_SIZE.m} aria-hidden="true" />
    </span>
  );
}

export interface SwitchProps {
  label: string;
  hint?: string;
  checked: boolean;
  onChange: (checked: boolean) => void;
  disabled?: boolean;
}

/** On or off at once; its label stands beside it, so it needs no Field. */
export function Switch({ label, hint, checked, onChange, disabled = false }: SwitchProps) {
  const id = useId();
  return (
    <label class="switch" for={id}>
      <span class="switch__words">
        <span>{label}</span>
        {hint && (
          <span class="field__note" id={`${id}-hint`}>
            {hint}
          </span>
        )}
      </span>
      <input
        id={id}
        type="checkbox"
        role="switch"
        aria-checked={checked}
        {...(hint ? { "aria-describedby": `${id}-hint` } : {})}
        checked={checked}
        disabled={disabled}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
    </label>
  );
}

export interface SegmentedProps<V extends string> {
  label: string;
  value: V;
  options: readonly { value: V; label: string; icon?: Icon }[];
  onChange: (value: V) => void;
}

/** One of a few choices, all in sight: radio buttons in one frame. */
export function Segmented<V extends string>({ label, value, options, onChange }: SegmentedProps<V>) {
  const group = useId();
  return (
    <fieldset class="segmented">
      <legend class="visually-hidden">{label}</legend>
      {options.map(({ value: own, label: words, icon: IconShape }) => (
        <label key={own} class="segmented__choice">
          <input type="radio" name={group} value={own} checked={own === value} onChange={() => onChange(own)} />
          {IconShape && <IconShape size={ICON_SIZE.s} aria-hidden="true" />}
          <span>{words}</span>
        </label>
      ))}
    </fieldset>
  );
}
