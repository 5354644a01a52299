// MQTT control packets as plain values, for 3.1 (level 3), 3.1.1 (4) and 5 (OASIS MQTT 3.1.1 and 5.0). Both sides'
// packets are here: the server reads what the bridge's client writes, and the other way round. SPEC rule MQ1.

export type Level = 3 | 4 | 5;
export type Qos = 0 | 1 | 2;

/** MQTT 5 properties; which packet may carry which is the writer's business. */
export interface Properties {
  readonly payloadFormat?: number;
  readonly messageExpiryS?: number;
  readonly contentType?: string;
  readonly responseTopic?: string;
  readonly correlationData?: Buffer;
  readonly subscriptionIds?: readonly number[];
  readonly sessionExpiryS?: number;
  readonly assignedClientId?: string;
  readonly serverKeepAliveS?: number;
  readonly authMethod?: string;
  readonly authData?: Buffer;
  readonly requestProblemInfo?: number;
  readonly willDelayS?: number;
  readonly requestResponseInfo?: number;
  readonly responseInfo?: string;
  readonly serverReference?: string;
  readonly reason?: string;
  readonly receiveMax?: number;
  readonly topicAliasMax?: number;
  readonly topicAlias?: number;
  readonly qosMax?: number;
  readonly retainAvailable?: number;
  readonly user?: readonly (readonly [string, string])[];
  readonly packetBytesMax?: number;
  readonly wildcardAvailable?: number;
  readonly subscriptionIdAvailable?: number;
  readonly sharedAvailable?: number;
}

export interface Publish {
  readonly type: 'publish';
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: Qos;
  readonly retain: boolean;
  readonly dup: boolean;
  /** 0 at QoS 0. */
  readonly packetId: number;
  readonly properties: Properties;
}

export interface Will {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: Qos;
  readonly retain: boolean;
  readonly properties: Properties;
}

export interface Connect {
  readonly type: 'connect';
  readonly level: Level;
  /** The bit by which brokers know each other's bridges: the level byte with its highest bit set. */
  readonly bridge: boolean;
  readonly clientId: string;
  readonly clean: boolean;
  readonly keepAliveS: number;
  readonly will: Will | null;
  readonly username: string | null;
  readonly password: Buffer | null;
  readonly properties: Properties;
}

export interface Subscription {
  readonly filter: string;
  readonly qos: Qos;
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
  /** 0: retained at every subscribe, 1: only at a new subscription, 2: never. */
  readonly retainHandling: 0 | 1 | 2;
}

export type Acknowledgement = 'puback' | 'pubrec' | 'pubrel' | 'pubcomp';

export type Packet =
  | Connect
  | Publish
  | {
      readonly type: 'connack';
      readonly sessionPresent: boolean;
      readonly code: number;
      readonly properties: Properties;
    }
  | {
      readonly type: Acknowledgement;
      readonly packetId: number;
      readonly code: number;
      readonly properties: Properties;
    }
  | {
      readonly type: 'subscribe';
      readonly packetId: number;
      readonly subscriptions: readonly Subscription[];
      readonly properties: Properties;
    }
  | {
      readonly type: 'suback' | 'unsuback';
      readonly packetId: number;
      readonly codes: readonly number[];
      readonly properties: Properties;
    }
  | {
      readonly type: 'unsubscribe';
      readonly packetId: number;
      readonly filters: readonly string[];
      readonly properties: Properties;
    }
  | { readonly type: 'pingreq' | 'pingresp' }
  | { readonly type: 'disconnect' | 'auth'; readonly code: number; readonly properties: Properties };

export const NO_PROPERTIES: Properties = {};

/** Reason codes of MQTT 5 (2.4) that are used here. */
export const REASON = {
  success: 0x00,
  disconnectWithWill: 0x04,
  noSubscriptionExisted: 0x11,
  unspecified: 0x80,
  malformed: 0x81,
  protocolError: 0x82,
  implementation: 0x83,
  unsupportedVersion: 0x84,
  clientIdNotValid: 0x85,
  badCredentials: 0x86,
  notAuthorized: 0x87,
  serverBusy: 0x89,
  serverShuttingDown: 0x8b,
  badAuthMethod: 0x8c,
  keepAliveTimeout: 0x8d,
  sessionTakenOver: 0x8e,
  filterInvalid: 0x8f,
  topicInvalid: 0x90,
  packetIdNotFound: 0x92,
  receiveMaximumExceeded: 0x93,
  topicAliasInvalid: 0x94,
  packetTooLarge: 0x95,
  quotaExceeded: 0x97,
  payloadFormatInvalid: 0x99,
} as const;

/** CONNACK codes of 3.1.1 (3.2.2.3) for those of MQTT 5; what has none of its own is "server unavailable". */
export function connackCode(level: Level, reason: number): number {
  if (level === 5 || reason === REASON.success) return reason;
  switch (reason) {
    case REASON.unsupportedVersion:
      return 1;
    case REASON.clientIdNotValid:
      return 2;
    case REASON.badCredentials:
      return 4;
    case REASON.notAuthorized:
      return 5;
    default:
      return 3;
  }
}
