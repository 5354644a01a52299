// Rows of one height of which only those in sight exist, so that ten thousand cost no more than forty. Arrow keys,
// Page Up and Down, Home and End move a cursor over them, Enter opens. SPEC rule UI4.

import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';

export interface VirtualRowsProps {
  readonly label: string;
  readonly count: number;
  readonly rowHeight: number;
  /** Which cells a row has, named once: `.row` is a grid whose columns the class gives. */
  readonly class: string;
  readonly head: ComponentChildren;
  readonly row: (index: number) => ComponentChildren;
  readonly rowKey: (index: number) => string | number;
  readonly open?: (index: number) => void;
  /** Kept in sight at the end while rows are added there. */
  readonly followsEnd?: boolean;
}

const OVERSCAN = 6;

export function VirtualRows(props: VirtualRowsProps) {
  const { label, count, rowHeight, head, row, rowKey, open, followsEnd = false } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const [{ top, height }, setSight] = useState({ top: 0, height: 600 });
  const [cursor, setCursor] = useState<number | null>(null);

  useLayoutEffect(() => {
    const element = scroller.current;
    if (element === null) return undefined;
    const look = () => setSight({ top: element.scrollTop, height: element.clientHeight });
    const observer = new ResizeObserver(look);
    observer.observe(element);
    element.addEventListener('scroll', look, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener('scroll', look);
    };
  }, []);
  useLayoutEffect(() => {
    if (followsEnd && scroller.current) scroller.current.scrollTop = scroller.current.scrollHeight;
  }, [followsEnd, count]);

  const first = Math.max(0, Math.floor(top / rowHeight) - OVERSCAN);
  const last = Math.min(count, Math.ceil((top + height) / rowHeight) + OVERSCAN);
  const shown = Array.from({ length: Math.max(0, last - first) }, (_, at) => first + at);
  const at = cursor === null ? null : Math.min(cursor, count - 1);

  const move = (to: number) => {
    const next = Math.max(0, Math.min(count - 1, to));
    setCursor(next);
    const element = scroller.current;
    if (element === null) return;
    const header = rowHeight;
    if (next * rowHeight < element.scrollTop) element.scrollTop = next * rowHeight;
    const bottom = element.scrollTop + element.clientHeight - header;
    if ((next + 1) * rowHeight > bottom) {
      element.scrollTop = (next + 1) * rowHeight - element.clientHeight + header;
    }
  };
  const keyDown = (event: KeyboardEvent) => {
    const page = Math.max(1, Math.floor(height / rowHeight) - 2);
    const from = at ?? Math.floor(top / rowHeight) - 1;
    const steps: { readonly [key: string]: number } = {
      ArrowDown: from + 1,
      ArrowUp: from - 1,
      PageDown: from + page,
      PageUp: from - page,
      Home: 0,
      End: count - 1,
    };
    const to = steps[event.key];
    if (to !== undefined && count > 0) move(to);
    else if (event.key === 'Enter' && at !== null && open) open(at);
    else return;
    event.preventDefault();
  };

  return (
    <div
      ref={scroller}
      class={`rows ${props.class}`}
      role="grid"
      tabIndex={0}
      aria-label={label}
      aria-rowcount={count + 1}
      aria-activedescendant={at === null ? undefined : `row-${at}`}
      onKeyDown={keyDown}
    >
      <div class="row row-head" role="row" aria-rowindex={1} tabIndex={-1}>
        {head}
      </div>
      <div class="rows-space" role="presentation" style={{ height: `${count * rowHeight}px` }}>
        {shown.map((index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the grid itself takes the keys.
          <div
            key={rowKey(index)}
            id={`row-${index}`}
            class="row"
            role="row"
            tabIndex={-1}
            aria-rowindex={index + 2}
            aria-selected={index === at}
            style={{ transform: `translateY(${index * rowHeight}px)`, height: `${rowHeight}px` }}
            onClick={open && (() => open(index))}
          >
            {row(index)}
          </div>
        ))}
      </div>
    </div>
  );
}
