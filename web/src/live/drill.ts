// The door to a local cluster's parent process, where its nodes can be hurt. Its port and token come in the fragment of
// a link that the parent prints, which no browser sends anywhere; they are kept for this tab alone. SPEC rules CL30, UI27.

import { signal } from '@preact/signals';
import type { ActRequest, DeskState } from '../../../src/cli/drill/desk-state.ts';

interface Door {
  readonly port: number;
  readonly token: string;
}

const KEY = 'sensorium-drill';
const FRAGMENT = /^#drill=(\d{1,5})\.([0-9a-f]{16,64})$/;

/** Null on a page that was opened without such a link. */
export const drillDoor = signal<Door | null>(null);

/** Takes the door out of the address, so that it stands in no bookmark and in no history of the browser. */
export function startDrills(): void {
  drillDoor.value = doorOf(kept() ?? '');
  const take = () => {
    if (!FRAGMENT.test(location.hash)) return;
    drillDoor.value = doorOf(location.hash);
    keep(location.hash);
    history.replaceState(null, '', '#/drill');
    dispatchEvent(new HashChangeEvent('hashchange'));
  };
  addEventListener('hashchange', take);
  take();
}

export async function askDrills(stop: AbortSignal): Promise<DeskState> {
  return answerOf(await fetch(url(), { headers: headers(), signal: stop }));
}

export async function act(wanted: ActRequest): Promise<DeskState> {
  return answerOf(await fetch(url(), { method: 'POST', headers: headers(), body: JSON.stringify(wanted) }));
}

async function answerOf(response: Response): Promise<DeskState> {
  if (response.ok) return response.json();
  const { problem } = await response.json().catch(() => ({ problem: `answered ${response.status}` }));
  throw new Error(problem);
}

function url(): string {
  return `http://127.0.0.1:${drillDoor.value?.port ?? 0}/drill`;
}

function headers(): { readonly [name: string]: string } {
  return { Authorization: `Bearer ${drillDoor.value?.token ?? ''}`, 'Content-Type': 'application/json' };
}

function doorOf(hash: string): Door | null {
  const [, port = '', token = ''] = FRAGMENT.exec(hash) ?? [];
  return token === '' ? null : { port: Number(port), token };
}

function kept(): string | null {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function keep(hash: string): void {
  try {
    sessionStorage.setItem(KEY, hash);
  } catch {
    // Where nothing may be kept, it holds until the page is closed.
  }
}
