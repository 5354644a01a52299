// Which site this is, which node tells of it, and light or dark.

import { useEffect, useState } from 'preact/hooks';
import icon from '../icon.svg';
import { hello, linkState } from '../live/store.ts';
import { Dot } from '../parts/badge.tsx';
import { Icon } from '../parts/icon.tsx';
import { href } from '../router.ts';
import type { Tone } from '../words/event-words.ts';

export function TopBar() {
  const { phase, node } = linkState.value;
  const tone: Tone = phase === 'live' ? 'good' : phase === 'alone' ? 'bad' : 'warn';
  const said = hello.value;
  return (
    <header class="top">
      <a class="brand" href="#/">
        <img src={icon} alt="" width="26" height="26" />
        <span class="brand-name">Sensorium</span>
      </a>
      <h1 class="site-name">{said?.site ?? ' '}</h1>
      <p class="link-pill" data-tone={tone} role="status">
        <Dot tone={tone} />
        {phase === 'live' && node !== null ? (
          <span>
            Live from <a href={href('node', node)}>{node}</a>
          </span>
        ) : (
          <span>{words(phase, node)}</span>
        )}
      </p>
      {said && <span class="version">{said.version}</span>}
      <ThemeButton />
    </header>
  );
}

function words(phase: string, node: string | null): string {
  if (phase === 'paused') return 'Paused while nobody looks';
  return node === null ? 'Connecting' : `${node} does not answer`;
}

const THEME_KEY = 'sensorium-theme';
type Theme = 'light' | 'dark';

function ThemeButton() {
  const [theme, setTheme] = useState<Theme | null>(remembered);
  useEffect(() => {
    if (theme === null) return;
    document.documentElement.dataset.theme = theme;
    try {
      localStorage.setItem(THEME_KEY, theme);
    } catch {
      // Where nothing may be kept, it holds until the page is closed.
    }
  }, [theme]);
  const isDark = theme === null ? matchMedia('(prefers-color-scheme: dark)').matches : theme === 'dark';
  return (
    <button
      type="button"
      class="button icon-button"
      aria-label={isDark ? 'Show in light colours' : 'Show in dark colours'}
      onClick={() => setTheme(isDark ? 'light' : 'dark')}
    >
      <Icon name="moon" />
    </button>
  );
}

function remembered(): Theme | null {
  try {
    const kept = localStorage.getItem(THEME_KEY);
    return kept === 'light' || kept === 'dark' ? kept : null;
  } catch {
    return null;
  }
}
