// What every transport does. Run by `socket-transport.test.ts` and `memory-transport.test.ts`.

import { afterEach, expect, test } from 'vitest';
import type { Address } from '../../model/address.ts';
import type { PeerId } from '../../model/ids.ts';
import type { Message } from '../../wire/messages.ts';
import { ann, bob, Heard, instanceOf, ping, until } from './testing.ts';
import type { Transport, TransportEvents } from './transport.ts';

export interface StationOptions {
  readonly peer: PeerId;
  readonly site: string;
  readonly instance: string;
  /** 0 draws one. */
  readonly port: number;
}

export interface Station {
  readonly transport: Transport;
  readonly address: Address;
  readonly heard: Heard;
}

export type StartTransport = (
  options: StationOptions,
  events: TransportEvents,
) => Promise<Transport & { readonly address: Address }>;

export function transportContract(start: StartTransport): void {
  const running: Transport[] = [];
  afterEach(async () => {
    await Promise.all(running.splice(0).map((transport) => transport.stop()));
  });

  async function station(peer: PeerId, but: Partial<StationOptions> = {}): Promise<Station> {
    const heard = new Heard();
    const options = { peer, site: 'test', instance: instanceOf(peer), port: 0, ...but };
    const transport = await start(options, heard);
    running.push(transport);
    return { transport, address: transport.address, heard };
  }

  async function linked(): Promise<{ anns: Station; bobs: Station }> {
    const anns = await station(ann);
    const bobs = await station(bob);
    anns.transport.contact(bobs.address);
    await until(() => anns.heard.story.length > 0 && bobs.heard.story.length > 0);
    return { anns, bobs };
  }

  test('[NW3] a contact links two peers, and each hears the HELLO of the other once', async () => {
    const { anns, bobs } = await linked();

    expect(anns.heard.story).toEqual(['up bob']);
    expect(bobs.heard.story).toEqual(['up ann']);
    expect(anns.heard.hellos[0]).toMatchObject({
      peer: bob,
      address: bobs.address,
      instance: instanceOf(bob),
    });
  });

  test('[NW3] HELLO carries the identity that was introduced last', async () => {
    const anns = await station(ann);
    const bobs = await station(bob);
    const identity = { birth: 7, random: 'f'.repeat(16) };

    bobs.transport.introduce({ identity, incarnation: 12 });
    anns.transport.contact(bobs.address);
    await until(() => anns.heard.hellos.length > 0);

    expect(anns.heard.hellos[0]).toMatchObject({ identity, incarnation: 12 });
  });

  test('[NW2] messages cross both ways on both channels and name their sender', async () => {
    const { anns, bobs } = await linked();

    anns.transport.send(bob, bobs.address, ping(1), 'stream');
    anns.transport.send(bob, bobs.address, ping(2), 'datagram');
    bobs.transport.send(ann, anns.address, ping(3), 'stream');
    bobs.transport.send(ann, anns.address, ping(4), 'datagram');
    await until(() => anns.heard.messages.length === 2 && bobs.heard.messages.length === 2);

    expect(bobs.heard.onChannel('stream')).toEqual([{ from: ann, message: ping(1) }]);
    expect(bobs.heard.onChannel('datagram')).toEqual([{ from: ann, message: ping(2) }]);
    expect(anns.heard.onChannel('stream')).toEqual([{ from: bob, message: ping(3) }]);
    expect(anns.heard.onChannel('datagram')).toEqual([{ from: bob, message: ping(4) }]);
  });

  test('[NW9] what is sent on a stream arrives in order', async () => {
    const { anns, bobs } = await linked();
    const sent: Message[] = Array.from({ length: 2_000 }, (_, i) => ping(i));

    for (const message of sent) anns.transport.send(bob, bobs.address, message, 'stream');
    await until(() => bobs.heard.messages.length === sent.length);

    expect(bobs.heard.messages.map(({ message }) => message)).toEqual(sent);
  });

  test('[NW8] a message to a peer without a link is dialled for', async () => {
    const anns = await station(ann);
    const bobs = await station(bob);

    anns.transport.send(bob, bobs.address, ping(1), 'stream');
    anns.transport.send(bob, bobs.address, ping(2), 'stream');
    await until(() => bobs.heard.messages.length === 2);

    expect(bobs.heard.messages.map(({ message }) => message)).toEqual([ping(1), ping(2)]);
    expect(anns.heard.story).toEqual(['up bob']);
  });

  test('[NW5] two peers that dial each other at once get one link, which does not flap', async () => {
    for (let round = 0; round < 10; round++) {
      const anns = await station(ann);
      const bobs = await station(bob);

      anns.transport.contact(bobs.address);
      bobs.transport.contact(anns.address);
      for (let i = 0; i < 50; i++) {
        anns.transport.send(bob, bobs.address, ping(i), 'stream');
        bobs.transport.send(ann, anns.address, ping(i), 'stream');
        if (i % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      await until(() => anns.heard.messages.length === 50 && bobs.heard.messages.length === 50);

      expect(anns.heard.story).toEqual(['up bob']);
      expect(bobs.heard.story).toEqual(['up ann']);
    }
  });

  test('[NW8] a contact with nobody is refused', async () => {
    const anns = await station(ann);
    const bobs = await station(bob);
    await bobs.transport.stop();

    anns.transport.contact(bobs.address);
    await until(() => anns.heard.story.length > 0);

    expect(anns.heard.story).toEqual([`contact ${bobs.address.port} refused`]);
  });

  test('[NW8] a contact with a peer that is linked leaves everything as it is', async () => {
    const { anns, bobs } = await linked();

    anns.transport.contact(bobs.address);
    bobs.transport.contact(anns.address);
    anns.transport.send(bob, bobs.address, ping(1), 'stream');
    await until(() => bobs.heard.messages.length === 1);

    expect(anns.heard.story).toEqual(['up bob']);
    expect(bobs.heard.story).toEqual(['up ann']);
  });

  test('[NW4] a peer of another site is refused, and both sides hear why', async () => {
    const anns = await station(ann);
    const bobs = await station(bob, { site: 'elsewhere' });

    anns.transport.contact(bobs.address);
    await until(() => anns.heard.story.length > 0 && bobs.heard.refusals.length > 0);

    expect(anns.heard.story).toEqual([`contact ${bobs.address.port} rejected`]);
    expect(anns.heard.refusals).toEqual(['wrong_site']);
    expect(bobs.heard.refusals).toEqual(['wrong_site']);
  });

  test('[NW7] a contact with the own process is rejected', async () => {
    const anns = await station(ann);

    anns.transport.contact(anns.address);
    await until(() => anns.heard.story.length > 0);

    expect(anns.heard.story).toEqual([`contact ${anns.address.port} rejected`]);
  });

  test('[NW7] two processes with one id hear of each other and are not linked', async () => {
    const first = await station(ann, { instance: '1'.repeat(16) });
    const second = await station(ann, { instance: '2'.repeat(16) });

    second.transport.contact(first.address);
    await until(() => first.heard.story.length > 0 && second.heard.story.length > 0);

    expect(first.heard.story).toEqual([`namesake ${'2'.repeat(16)}`]);
    expect(second.heard.story).toEqual([`namesake ${'1'.repeat(16)}`]);
  });

  test('[NW6] a peer that stops is lost, and found again by a contact at once when it is back', async () => {
    const { anns, bobs } = await linked();

    await bobs.transport.stop();
    await until(() => anns.heard.story.length === 2);
    const again = await station(bob, { instance: '2'.repeat(16), port: bobs.address.port });
    anns.transport.contact(bobs.address);
    await until(() => anns.heard.story.length === 3);

    expect(anns.heard.story).toEqual(['up bob', 'down bob closed', 'up bob']);
    expect(anns.heard.hellos[1]).toMatchObject({ instance: '2'.repeat(16) });
    expect(again.heard.story).toEqual(['up ann']);
  });

  test('[NW6] a peer that restarts on another port has its old link replaced', async () => {
    const { anns } = await linked();

    const again = await station(bob, { instance: '2'.repeat(16) });
    again.transport.contact(anns.address);
    await until(() => anns.heard.story.length === 3);
    anns.transport.send(bob, again.address, ping(1), 'stream');
    await until(() => again.heard.messages.length === 1);

    expect(anns.heard.story).toEqual(['up bob', 'down bob closed', 'up bob']);
  });

  test('[NW11] a message to another address than the link leads to is dialled for there', async () => {
    const { anns, bobs } = await linked();
    const again = await station(bob, { instance: '2'.repeat(16) });

    anns.transport.send(bob, again.address, ping(1), 'stream');
    await until(() => again.heard.messages.length === 1);

    expect(bobs.heard.messages).toEqual([]);
    expect(anns.heard.story.map((line) => line.split(' ', 2).join(' '))).toEqual([
      'up bob',
      'down bob',
      'up bob',
    ]);
  });

  test('[NW16] a transport that has stopped says and does nothing more', async () => {
    const { anns, bobs } = await linked();

    await anns.transport.stop();
    anns.transport.contact(bobs.address);
    anns.transport.send(bob, bobs.address, ping(1), 'stream');
    anns.transport.send(bob, bobs.address, ping(1), 'datagram');
    bobs.transport.send(ann, anns.address, ping(2), 'stream');
    await until(() => bobs.heard.story.length === 2);

    expect(bobs.heard.story).toEqual(['up ann', 'down ann closed']);
    expect(bobs.heard.messages).toEqual([]);
    expect(anns.heard.story).toEqual(['up bob']);
  });

  test('[NW16] what was sent before the stop still arrives', async () => {
    const { anns, bobs } = await linked();

    for (let i = 0; i < 100; i++) anns.transport.send(bob, bobs.address, ping(i), 'stream');
    anns.transport.send(bob, bobs.address, ping(100), 'datagram');
    await anns.transport.stop();
    await until(() => bobs.heard.messages.length === 101);

    expect(bobs.heard.onChannel('stream').length).toBe(100);
  });
}
