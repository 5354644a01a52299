// What a person sets: one of a few, a text to look for, a line to take along.

import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { Icon } from './icon.tsx';

export interface ChoiceProps<Name extends string> {
  readonly label: string;
  readonly options: readonly { readonly value: Name; readonly text: string }[];
  readonly value: Name;
  readonly choose: (value: Name) => void;
}

/** One of a few, all in sight. */
export function Choice<Name extends string>({ label, options, value, choose }: ChoiceProps<Name>) {
  const name = useId();
  return (
    <fieldset class="choice">
      <legend class="unseen">{label}</legend>
      {options.map((option) => (
        <label key={option.value} data-on={option.value === value}>
          <input
            type="radio"
            class="unseen"
            name={name}
            checked={option.value === value}
            onChange={() => choose(option.value)}
          />
          {option.text}
        </label>
      ))}
    </fieldset>
  );
}

export interface SearchProps {
  readonly label: string;
  readonly placeholder: string;
  readonly value: string;
  readonly change: (value: string) => void;
  /** The key `/` leads here. */
  readonly hasKey?: boolean;
}

export function Search({ label, placeholder, value, change, hasKey = false }: SearchProps) {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (!hasKey) return undefined;
    const keyDown = (event: KeyboardEvent) => {
      const isTyping = event.target instanceof HTMLInputElement && event.target.type !== 'radio';
      if (event.key !== '/' || isTyping || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      input.current?.focus();
    };
    addEventListener('keydown', keyDown);
    return () => removeEventListener('keydown', keyDown);
  }, [hasKey]);
  return (
    <label class="search">
      <Icon name="search" />
      <span class="unseen">{label}</span>
      <input
        ref={input}
        type="search"
        placeholder={placeholder}
        autocomplete="off"
        spellcheck={false}
        value={value}
        onInput={({ currentTarget }) => change(currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Escape') return;
          change('');
          event.currentTarget.blur();
        }}
      />
      {hasKey && <kbd>/</kbd>}
    </label>
  );
}

export interface ButtonProps {
  readonly onClick: () => void;
  readonly title?: string;
  readonly isPrimary?: boolean;
  readonly disabled?: boolean;
  readonly children: ComponentChildren;
}

export function Button({ onClick, title, isPrimary = false, disabled = false, children }: ButtonProps) {
  return (
    <button
      type="button"
      class="button"
      data-primary={isPrimary}
      title={title}
      disabled={disabled}
      onClick={onClick}
    >
      {children}
    </button>
  );
}

export interface CopyLineProps {
  /** What the line is for. */
  readonly label: string;
  readonly text: string;
}

/** A line to be pasted elsewhere. */
export function CopyLine({ label, text }: CopyLineProps) {
  const [isCopied, setCopied] = useState(false);
  const code = useRef<HTMLElement>(null);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
      setTimeout(() => setCopied(false), 1_500);
    } catch {
      // Without a secure context there is no clipboard: the line is marked, to be copied by hand.
      if (code.current) getSelection()?.selectAllChildren(code.current);
    }
  };
  return (
    <div class="copy-line">
      <span class="copy-label">{label}</span>
      <code ref={code}>{text}</code>
      <button type="button" class="button" onClick={copy} aria-label={`Copy: ${label}`}>
        {isCopied ? 'Copied' : 'Copy'}
      </button>
    </div>
  );
}
