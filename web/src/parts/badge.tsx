// A short word with a tone: state, flag, mark.

import type { ComponentChildren } from 'preact';
import type { Tone } from '../words/event-words.ts';

export interface BadgeProps {
  readonly tone?: Tone;
  readonly title?: string | undefined;
  readonly children: ComponentChildren;
}

export function Badge({ tone = 'quiet', title, children }: BadgeProps) {
  return (
    <span class="badge" data-tone={tone} title={title}>
      {children}
    </span>
  );
}

/** A lamp beside words that say the same. */
export function Dot({ tone = 'quiet' }: { readonly tone?: Tone }) {
  return <span class="dot" data-tone={tone} aria-hidden="true" />;
}
