// A part of a page with its heading, and what stands where there is nothing to show.

import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

export interface PanelProps {
  readonly title: string;
  /** A word beside the title: a count, a state. */
  readonly note?: ComponentChildren;
  /** Controls at the end of the heading. */
  readonly actions?: ComponentChildren;
  readonly class?: string;
  /** Without inner margin: for tables and lists that reach the edges. */
  readonly flush?: boolean;
  readonly children: ComponentChildren;
}

export function Panel({ title, note, actions, class: className = '', flush = false, children }: PanelProps) {
  const id = useId();
  return (
    <section class={`panel ${className}`} aria-labelledby={id}>
      <header class="panel-head">
        <h2 id={id}>{title}</h2>
        {note !== undefined && <span class="panel-note">{note}</span>}
        {actions !== undefined && <div class="panel-actions">{actions}</div>}
      </header>
      <div class={flush ? 'panel-body flush' : 'panel-body'}>{children}</div>
    </section>
  );
}

export interface EmptyProps {
  readonly title: string;
  readonly children?: ComponentChildren;
}

export function Empty({ title, children }: EmptyProps) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children !== undefined && <p>{children}</p>}
    </div>
  );
}

export interface Fact {
  readonly name: string;
  readonly value: ComponentChildren;
  readonly title?: string;
}

/** Names and values, one beside the other. */
export function Facts({ facts }: { readonly facts: readonly Fact[] }) {
  return (
    <dl class="facts">
      {facts.map(({ name, value, title }) => (
        <div key={name} title={title}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
