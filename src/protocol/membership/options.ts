// What the operator may choose about membership. SPEC rules MB1-MB32 say what each does.

export interface MembershipOptions {
  /** One probe is sent each interval. */
  readonly heartbeatIntervalMs: number;
  /** How long the answer to a direct probe may take, if three measured round trips are not longer. */
  readonly probeTimeoutMs: number;
  /** How long the answer by way of others, or over the stream, may take after that. */
  readonly indirectTimeoutMs: number;
  /** How many others are asked to probe as well. */
  readonly indirectProbes: number;
  /** Probes of its own, and probes for others, that a peer has under way. */
  readonly probesPendingMax: number;
  readonly relaysPendingMax: number;

  /** How long a suspected member has to refute: the longest at first, the shortest once others confirm it. */
  readonly suspicionMinMs: number;
  readonly suspicionMaxMs: number;
  /** The worst score of local health. Timeouts of probes are stretched by up to 1 + this. */
  readonly healthMax: number;

  readonly phiThresholdSuspect: number;
  readonly phiThresholdDead: number;
  /** The interval expected of a member before it has been heard often enough. */
  readonly phiInitialIntervalMs: number;

  /** How many members are told of news at once, and how soon the next ones. */
  readonly spreadFanout: number;
  readonly spreadEveryMs: number;
  /** A rumour is passed on this often for each doubling of the cluster. */
  readonly spreadFactor: number;

  /** Between two dials of a seed while nobody else is known: at first, and at most. */
  readonly contactFirstMs: number;
  readonly contactSlowestMs: number;
  /** Between two dials of an address where no live member is known, once in a cluster. */
  readonly contactSettledMs: number;
  /** Addresses remembered as dialled lately. */
  readonly contactsRememberedMax: number;
  /** Between two whole lists asked of a random member, in small clusters. */
  readonly syncEveryMs: number;
  /** How long a dead or departed member is shown; seeds too. */
  readonly deadKeptMs: number;
  /** For how long after that it cannot come back by old words of others. */
  readonly gravesKeptMs: number;
  /** How often the address book is written down where it changed, and how long it keeps who is not there. */
  readonly addressesEveryMs: number;
  readonly addressesKeptMs: number;
  /** How many linked members are told of a goodbye directly. */
  readonly goodbyesMax: number;
  /** Two clocks agree when they are this close. */
  readonly clockAgreeMs: number;
}

/** Right for one site's network; other profiles override some of it. */
export const MEMBERSHIP_DEFAULTS: MembershipOptions = {
  heartbeatIntervalMs: 1_000,
  probeTimeoutMs: 300,
  indirectTimeoutMs: 500,
  indirectProbes: 3,
  probesPendingMax: 256,
  relaysPendingMax: 256,
  suspicionMinMs: 2_000,
  suspicionMaxMs: 5_000,
  healthMax: 4,
  phiThresholdSuspect: 3,
  phiThresholdDead: 8,
  phiInitialIntervalMs: 1_000,
  spreadFanout: 3,
  spreadEveryMs: 50,
  spreadFactor: 3,
  contactFirstMs: 200,
  contactSlowestMs: 5_000,
  contactSettledMs: 5_000,
  contactsRememberedMax: 1_024,
  syncEveryMs: 30_000,
  deadKeptMs: 900_000,
  gravesKeptMs: 86_400_000,
  addressesEveryMs: 60_000,
  addressesKeptMs: 2_592_000_000,
  goodbyesMax: 64,
  clockAgreeMs: 1_000,
};
