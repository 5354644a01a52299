// Several watchers as one. Each sees every event in the order in which they were added.

import { Watcher } from './watcher.ts';

type Event = keyof Watcher;
type Args<E extends Event> = Parameters<Watcher[E]>;

export class Watchers extends Watcher {
  readonly #all: Watcher[] = [];

  add(watcher: Watcher): void {
    this.#all.push(watcher);
  }

  override started(...args: Args<'started'>): void {
    for (const watcher of this.#all) watcher.started(...args);
  }

  override stopped(...args: Args<'stopped'>): void {
    for (const watcher of this.#all) watcher.stopped(...args);
  }

  override sent(...args: Args<'sent'>): void {
    for (const watcher of this.#all) watcher.sent(...args);
  }

  override contacted(...args: Args<'contacted'>): void {
    for (const watcher of this.#all) watcher.contacted(...args);
  }

  override announced(...args: Args<'announced'>): void {
    for (const watcher of this.#all) watcher.announced(...args);
  }

  override asked(...args: Args<'asked'>): void {
    for (const watcher of this.#all) watcher.asked(...args);
  }

  override durable(...args: Args<'durable'>): void {
    for (const watcher of this.#all) watcher.durable(...args);
  }

  override diskReplaced(...args: Args<'diskReplaced'>): void {
    for (const watcher of this.#all) watcher.diskReplaced(...args);
  }

  override submitted(...args: Args<'submitted'>): void {
    for (const watcher of this.#all) watcher.submitted(...args);
  }

  override forgot(...args: Args<'forgot'>): void {
    for (const watcher of this.#all) watcher.forgot(...args);
  }

  override fault(...args: Args<'fault'>): void {
    for (const watcher of this.#all) watcher.fault(...args);
  }
}
