// A node's part in a site with an authority: it receives who comes to join, hears of revocations and passes them on,
// and sees to it that its own certificate is followed by another in time. SPEC rules TR13-TR17.

import { createPublicKey } from 'node:crypto';
import { Audit, auditReading } from '../access/audit.ts';
import type { Config } from '../config/config.ts';
import type { Invited, TrustActs } from '../control/trust-acts.ts';
import type { Host } from '../host/host.ts';
import type { SocketTransport } from '../host/network/socket-transport.ts';
import type { Log } from '../kit/log.ts';
import { ok, type Result, refused } from '../kit/result.ts';
import { type Address, addressText } from '../model/address.ts';
import type { PeerId } from '../model/ids.ts';
import { LIMITS } from '../model/limits.ts';
import type { Record } from '../model/reading.ts';
import { type TrustRefusal, trustCounter } from '../model/trust-refusal.ts';
import { fingerprintOf, issuedMsOf } from '../trust/certificate.ts';
import { namesAll } from '../trust/hosts.ts';
import { Invitations } from '../trust/invitations.ts';
import { renew } from '../trust/join-call.ts';
import { joinCodeText, pinOf } from '../trust/join-code.ts';
import { JoinDesk } from '../trust/join-desk.ts';
import { drawnKey } from '../trust/keys.ts';
import { revocationIn, revocationName, revocationValue } from '../trust/revocation.ts';
import type { SiteTrust } from '../trust/site-trust.ts';
import { hostsOf } from './node-trust.ts';

const DAY_MS = 86_400_000;
const PATIENCE_MS = 10_000;
/** A certificate is followed by another after this part of its life, so that there is time to find the authority. */
const RENEWED_AFTER = 2 / 3;
const LOOKS_PER_LIFE = 30;
const LOOK_MS_MAX = 60_000;
const LOOK_MS_MIN = 500;
/** Until it asks again where nobody could sign, at most. */
const RETRY_MS_MAX = 600_000;
const NO_AUTHORITY =
  "this node does not have the authority's key; ask at the one that sensorium init was run at";

export class SiteMember implements TrustActs {
  readonly #trust: SiteTrust;
  readonly #host: Host;
  readonly #log: Log;
  readonly #address: Address;
  readonly #lifeMs: number;
  readonly #hosts: () => readonly string[];
  readonly #audit: Audit;
  readonly #invitations: Invitations;
  readonly #desk: JoinDesk;
  readonly #counts = new Map<string, number>();
  #sockets: SocketTransport | null = null;
  #unfollow = () => {};
  #looking: NodeJS.Timeout | null = null;
  #isRenewing = false;
  #retryAtMs = 0;
  /** What the certificate was last asked to name: the authority may have left some of it out. */
  #hostsAsked: readonly string[] | null = null;

  constructor(config: Config, trust: SiteTrust, host: Host, log: Log, address: Address) {
    this.#trust = trust;
    this.#host = host;
    this.#log = log;
    this.#address = address;
    this.#lifeMs = config.certificateDays * DAY_MS;
    this.#hosts = () => hostsOf(config, host.self);
    this.#audit = new Audit(host.hub);
    const { files } = trust;
    this.#invitations = new Invitations(files.invitations(), (all) => files.saveInvitations(all));
    this.#desk = this.#newDesk();
    host.count(() => Object.fromEntries(this.#counts));
  }

  readonly guest: JoinDesk['receive'] = (socket, from) => this.#desk.receive(socket, from);

  get isAuthority(): boolean {
    return this.#trust.isAuthority;
  }

  /** Others can be heard, and can be cut off. */
  open(sockets: SocketTransport): void {
    this.#sockets = sockets;
    const { hub } = this.#host;
    this.#unfollow = hub.follow(({ fact }) => {
      if (fact.type === 'registers-changed') this.#heard(fact.records);
    });
    this.#heard([...hub.reserved()].map(({ record }) => record));
    const { certificate } = this.#trust.credentials;
    const lifeMs = Date.parse(certificate.validTo) - issuedMsOf(certificate);
    const everyMs = Math.min(LOOK_MS_MAX, Math.max(LOOK_MS_MIN, lifeMs / LOOKS_PER_LIFE));
    this.#looking = setInterval(() => void this.#renewInTime(), everyMs);
    if (this.#trust.isAuthority) void this.#renewInTime();
  }

  async stop(): Promise<void> {
    if (this.#looking !== null) clearInterval(this.#looking);
    this.#unfollow();
    this.#desk.stop();
  }

  async invite(minutes: number, by: string): Promise<Result<Invited>> {
    if (!this.#trust.isAuthority) return refused(NO_AUTHORITY);
    const nowMs = Date.now();
    const untilMs = nowMs + minutes * 60_000;
    const secret = this.#invitations.draw(nowMs, untilMs);
    if (secret === null) return refused(`at most ${LIMITS.invitationsMax} invitations are out within a day`);
    const pin = pinOf(fingerprintOf(this.#trust.credentials.authority));
    await this.#audit.record({ act: 'invite', subject: '', by, detail: `for ${minutes} minutes` });
    return ok({ code: joinCodeText({ secret, pin }), address: addressText(this.#address), untilMs });
  }

  /**
   * In force here at once, also when it cannot be stored, which the caller is told by a rejection: a node to be kept out is
   * not let back in by a full disk. Durable here when this resolves; at the others it counts as soon as they have it.
   */
  async revoke(node: PeerId, by: string): Promise<Result<PeerId>> {
    if (node === this.#host.self) return refused('a node does not revoke itself');
    const revocation = this.#trust.revoke(node, Date.now());
    if (revocation === null) return refused(NO_AUTHORITY);
    this.#trust.heard(revocation);
    this.#cutOff(node);
    const { hub, self } = this.#host;
    const act = auditReading(self, { act: 'revoke', subject: node, by, detail: '' });
    const reading = { sensor: revocationName(node), value: revocationValue(revocation) };
    await hub.submit([reading, act], 'stored');
    return ok(node);
  }

  #heard(records: readonly Record[]): void {
    for (const record of records) {
      const revocation = record.kind === 'reading' ? revocationIn(record.sensor, record.value) : null;
      if (revocation !== null && this.#trust.heard(revocation)) this.#cutOff(revocation.node);
    }
  }

  #cutOff(node: PeerId): void {
    this.#log.warn('a node is revoked and cut off', { node });
    this.#sockets?.trustChanged();
  }

  #newDesk(): JoinDesk {
    const { hub, self } = this.#host;
    const options = {
      trust: this.#trust,
      invitations: this.#invitations,
      lifeMs: this.#lifeMs,
      patienceMs: PATIENCE_MS,
      wallMs: () => Date.now(),
      isMember: (node: PeerId) => hub.members().some(({ peer }) => peer === node),
      peers: () => [this.#address, ...this.#others()],
    };
    return new JoinDesk(options, {
      joined: (node, where) => {
        this.#log.info('a node was let in by a code', { node, where });
        this.#audit
          .record({ act: 'join', subject: node, by: self, detail: `from ${where}` })
          .catch((why) =>
            this.#log.error('that a node was let in is not in the audit', { node, why: String(why) }),
          );
      },
      renewed: (node) => this.#log.info('the certificate of a node was followed by another', { node }),
      refused: (where, why) => {
        const reason: TrustRefusal = `join-${why}`;
        const name = trustCounter(reason);
        this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
        this.#host.events.distrusted(where, reason, null);
      },
    });
  }

  #others(): readonly Address[] {
    const alive = this.#host.hub.members().filter(({ self, status }) => !self && status === 'alive');
    return alive.slice(0, LIMITS.bootstrapPeersMax - 1).map(({ address }) => address);
  }

  async #renewInTime(): Promise<void> {
    const { certificate } = this.#trust.credentials;
    const fromMs = issuedMsOf(certificate);
    const untilMs = Date.parse(certificate.validTo);
    const isDue = Date.now() >= fromMs + (untilMs - fromMs) * RENEWED_AFTER;
    const hosts = this.#hosts();
    const isWide = namesAll(certificate, hosts) || isSame(hosts, this.#hostsAsked);
    if (this.#isRenewing || (!isDue && isWide) || performance.now() < this.#retryAtMs) return;
    this.#isRenewing = true;
    this.#retryAtMs = performance.now() + Math.min(RETRY_MS_MAX, (untilMs - fromMs) / LOOKS_PER_LIFE);
    try {
      if (await this.#renew(hosts)) {
        this.#retryAtMs = 0;
        this.#hostsAsked = hosts;
        this.#log.info('this node has a new certificate');
      } else {
        const missing = isWide ? [] : hosts.filter((host) => !namesAll(certificate, [host]));
        this.#log.warn('nobody renews the certificate of this node', {
          ends: certificate.validTo,
          ...(missing.length > 0 && { lacks: missing.join(' ') }),
        });
      }
    } catch (error) {
      this.#log.warn('the certificate could not be renewed', { why: String(error) });
    } finally {
      this.#isRenewing = false;
    }
  }

  async #renew(hosts: readonly string[]): Promise<boolean> {
    const trust = this.#trust;
    if (trust.isAuthority) {
      const key = drawnKey();
      const signing = { lifeMs: this.#lifeMs, nowMs: Date.now(), hosts };
      const signed = trust.sign(this.#host.self, createPublicKey(key), signing);
      if (signed !== null) trust.renewed(signed, key);
      return signed !== null;
    }
    for (const address of this.#others()) {
      const joined = await renew(address, trust.credentials, hosts, PATIENCE_MS);
      if (!joined.ok) continue;
      trust.renewed(joined.value.credentials.certificate, joined.value.credentials.key);
      return true;
    }
    return false;
  }
}

function isSame(some: readonly string[], others: readonly string[] | null): boolean {
  return others !== null && some.join(' ') === others.join(' ');
}
