// Where machines come in that are to be members, and members for a new certificate: over TLS on the peer port, under a
// protocol of its own. One line is asked, one is answered. SPEC rules TR14-TR17.
//
//   {"ask": "join", "secret": "…", "node": "bob", "key": "…", "hosts": "… …"}   with a code's secret; no certificate yet
//   {"ask": "renew", "key": "…", "hosts": "… …"}                                with the certificate that is to be followed

import type { TLSSocket } from 'node:tls';
import { ok, type Result, refused } from '../kit/result.ts';
import { type Address, addressText } from '../model/address.ts';
import { type PeerId, parsePeerId } from '../model/ids.ts';
import { LIMITS } from '../model/limits.ts';
import { pemOf } from './certificate.ts';
import { hostsAmong } from './hosts.ts';
import type { Invitations, Redeemed } from './invitations.ts';
import { publicKeyOf } from './keys.ts';
import { authenticate } from './peer-security.ts';
import type { SiteTrust } from './site-trust.ts';

export type DeskAnswer =
  | {
      readonly ok: true;
      readonly certificate: string;
      readonly authority: string;
      readonly site: string;
      /** Where members of the site listen. */
      readonly peers: readonly Address[];
    }
  | { readonly ok: false; readonly problem: string };

export interface DeskOptions {
  readonly trust: SiteTrust;
  readonly invitations: Invitations;
  readonly lifeMs: number;
  readonly patienceMs: number;
  readonly wallMs: () => number;
  /** Whether a member of the site has that id. */
  readonly isMember: (node: PeerId) => boolean;
  readonly peers: () => readonly Address[];
}

export interface DeskEvents {
  joined(node: PeerId, where: string): void;
  renewed(node: PeerId): void;
  refused(
    where: string,
    why: Exclude<Redeemed, 'welcome'> | 'not-authority' | 'malformed' | 'taken' | 'certificate',
  ): void;
}

type Refusal = Parameters<DeskEvents['refused']>[1];

const PROBLEMS: { readonly [why in Refusal]: string } = {
  unknown: 'this code is not known here',
  used: 'this code has let somebody in already; sensorium invite draws another',
  expired: 'this code has expired; sensorium invite draws another',
  'too-many': 'too many wrong codes came; try again in a minute',
  'not-authority': "this node does not have the authority's key; ask the one that sensorium init was run at",
  malformed: 'this makes no sense',
  taken: 'the site has a node of this id; choose another one, or revoke that one first',
  certificate: 'your certificate does not hold',
};

export class JoinDesk {
  readonly #options: DeskOptions;
  readonly #events: DeskEvents;
  readonly #guests = new Set<TLSSocket>();

  constructor(options: DeskOptions, events: DeskEvents) {
    this.#options = options;
    this.#events = events;
  }

  readonly receive = (socket: TLSSocket, from: Address): void => {
    socket.on('error', () => socket.destroy());
    if (this.#guests.size >= LIMITS.guestsMax) {
      socket.destroy();
      return;
    }
    this.#guests.add(socket);
    const late = setTimeout(() => socket.destroy(), this.#options.patienceMs);
    socket.on('close', () => {
      clearTimeout(late);
      this.#guests.delete(socket);
    });
    let line = '';
    socket.setEncoding('utf8').on('data', (text: string) => {
      line += text;
      if (line.length > LIMITS.guestBytesMax) socket.destroy();
      else if (line.includes('\n')) {
        socket.removeAllListeners('data');
        socket.end(`${JSON.stringify(this.#answer(socket, addressText(from), line))}\n`);
      }
    });
  };

  stop(): void {
    for (const socket of this.#guests) socket.destroy();
  }

  #answer(socket: TLSSocket, where: string, line: string): DeskAnswer {
    const answer = this.#asked(socket, where, fieldsOf(line));
    if (answer.ok) return answer.value;
    this.#events.refused(where, answer.problem);
    return { ok: false, problem: PROBLEMS[answer.problem] };
  }

  #asked(socket: TLSSocket, where: string, fields: Fields): Result<DeskAnswer, Refusal> {
    if (!this.#options.trust.isAuthority) return refused('not-authority');
    const key = fields.key ?? '';
    if (publicKeyOf(Buffer.from(key, 'base64')) === null) return refused('malformed');
    if (fields.ask === 'join') return this.#join(where, fields, key);
    if (fields.ask === 'renew') return this.#renew(socket, fields, key);
    return refused('malformed');
  }

  #join(where: string, fields: Fields, key: string): Result<DeskAnswer, Refusal> {
    const { trust, invitations, wallMs, isMember } = this.#options;
    const { secret = '', node: id = '' } = fields;
    const node = parsePeerId(id);
    if (!node.ok) return refused('malformed');
    // A code is not to make anybody out of who is there.
    const self = trust.credentials.name.node;
    const isTaken = node.value === self || (isMember(node.value) && !trust.wasRevoked(node.value));
    if (isTaken) return refused('taken');
    const redeemed = invitations.redeem(Buffer.from(secret, 'base64'), key, wallMs());
    if (redeemed !== 'welcome') return refused(redeemed);
    const answer = this.#sign(node.value, key, fields);
    this.#events.joined(node.value, where);
    return answer;
  }

  #renew(socket: TLSSocket, fields: Fields, key: string): Result<DeskAnswer, Refusal> {
    const who = authenticate(socket, this.#options.trust);
    if (!who.ok) return refused('certificate');
    const { node } = who.value.name;
    this.#events.renewed(node);
    return this.#sign(node, key, fields);
  }

  #sign(node: PeerId, key: string, { hosts = '' }: Fields): Result<DeskAnswer, Refusal> {
    const { trust, lifeMs, wallMs, peers } = this.#options;
    const publicKey = publicKeyOf(Buffer.from(key, 'base64'));
    const signing = { lifeMs, nowMs: wallMs(), hosts: this.#hostsOf(node, hosts) };
    const certificate = publicKey && trust.sign(node, publicKey, signing);
    if (certificate === null) return refused('not-authority');
    const { authority, name } = trust.credentials;
    return ok({
      ok: true,
      certificate: pemOf(certificate),
      authority: pemOf(authority),
      site: name.site,
      peers: peers(),
    });
  }

  /** What a node says of itself is believed, but for the name of another one. (TR17) */
  #hostsOf(node: PeerId, said: string): readonly string[] {
    const { trust, isMember } = this.#options;
    const self = trust.credentials.name.node;
    return hostsAmong(said.split(' ')).filter((host) => {
      const id = parsePeerId(host);
      return !id.ok || id.value === node || (id.value !== self && !isMember(id.value));
    });
  }
}

type Fields = { readonly [field in 'ask' | 'secret' | 'node' | 'key' | 'hosts']?: string };

function fieldsOf(line: string): Fields {
  try {
    const given: unknown = JSON.parse(line);
    if (typeof given !== 'object' || given === null) return {};
    return Object.fromEntries(Object.entries(given).filter(([, value]) => typeof value === 'string'));
  } catch {
    return {};
  }
}
