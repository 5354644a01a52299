// What a member of a site with an authority keeps of it, in `trust/` beside its data: its certificate, its key, and at
// the authority that one's key and who was invited. Keys stand encrypted; what opens them is a file that may lie
// elsewhere. SPEC rules TR11, TR12.

import { type KeyObject, randomBytes, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Address } from '../model/address.ts';
import { nodeNameOf, pemOf } from './certificate.ts';
import type { Credentials } from './credentials.ts';
import type { Invitation } from './invitations.ts';
import { decryptedKey, encryptedPem, publicBytes } from './keys.ts';
import type { Revocation } from './revocation.ts';

const FOLDER = 'trust';
const AUTHORITY = 'authority.crt';
const AUTHORITY_KEY = 'authority.key';
/** Certificate and key in one file, so that they change together. */
const NODE = 'node.pem';
const PASSPHRASE = 'passphrase';
const INVITATIONS = 'invitations.json';
const REVOKED = 'revoked.json';
const PEERS = 'peers.json';
const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;

/** The operator can do something about it: one line. */
export class TrustFilesError extends Error {
  override readonly name = 'TrustFilesError';
}

export class TrustFiles {
  readonly path: string;
  readonly #passphraseFile: string;

  /** `directory`: the node's own, `<DATA_DIR>/<node id>`. */
  constructor(directory: string, passphraseFile: string | null) {
    this.path = join(directory, FOLDER);
    this.#passphraseFile = passphraseFile ?? join(this.path, PASSPHRASE);
  }

  get exist(): boolean {
    return existsSync(join(this.path, NODE));
  }

  get haveAuthorityKey(): boolean {
    return existsSync(join(this.path, AUTHORITY_KEY));
  }

  /** Throws `TrustFilesError`. */
  credentials(): Credentials {
    const authority = this.#certificate(AUTHORITY);
    const certificate = this.#certificate(NODE);
    const key = this.#key(NODE);
    const name = nodeNameOf(certificate);
    const isPair = publicBytes(key).equals(publicBytes(certificate.publicKey));
    if (name === null || !isPair || !certificate.verify(authority.publicKey)) {
      throw new TrustFilesError(`${this.path}: ${NODE} and ${AUTHORITY} do not belong together`);
    }
    return { name, authority, certificate, key };
  }

  authorityKey(): KeyObject {
    return this.#key(AUTHORITY_KEY);
  }

  /** The node's own goes last: only with it there is anything. */
  save({ authority, certificate, key }: Credentials): void {
    this.#write(AUTHORITY, pemOf(authority));
    this.#write(NODE, pemOf(certificate) + encryptedPem(key, this.#passphrase()));
  }

  saveAuthorityKey(key: KeyObject): void {
    this.#write(AUTHORITY_KEY, encryptedPem(key, this.#passphrase()));
  }

  invitations(): readonly Invitation[] {
    return this.#list<Invitation>(INVITATIONS);
  }

  saveInvitations(invitations: readonly Invitation[]): void {
    this.#write(INVITATIONS, JSON.stringify(invitations));
  }

  revocations(): readonly Revocation[] {
    return this.#list<Revocation>(REVOKED);
  }

  saveRevocations(revocations: readonly Revocation[]): void {
    this.#write(REVOKED, JSON.stringify(revocations));
  }

  /** Where others of the site listened when this node joined. */
  peers(): readonly Address[] {
    return this.#list<Address>(PEERS);
  }

  savePeers(peers: readonly Address[]): void {
    this.#write(PEERS, JSON.stringify(peers));
  }

  #certificate(name: string): X509Certificate {
    return this.#read(name, (text) => new X509Certificate(text));
  }

  #key(name: string): KeyObject {
    return this.#read(name, (text) => decryptedKey(text, this.#passphrase()));
  }

  #read<T>(name: string, read: (text: string) => T): T {
    const path = join(this.path, name);
    try {
      return read(readFileSync(path, 'utf8'));
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new TrustFilesError(`${path} cannot be read: ${why}`, { cause });
    }
  }

  /** Drawn with the first key. */
  #passphrase(): string {
    if (existsSync(this.#passphraseFile)) return readFileSync(this.#passphraseFile, 'utf8').trim();
    const hasKeys = this.exist || this.haveAuthorityKey;
    if (hasKeys) throw new TrustFilesError(`${this.#passphraseFile} is missing: it opens the keys`);
    mkdirSync(this.path, { recursive: true, mode: FOLDER_MODE });
    const drawn = randomBytes(32).toString('base64');
    writeFileSync(this.#passphraseFile, `${drawn}\n`, { mode: FILE_MODE, flush: true });
    return drawn;
  }

  // These are files of our own making; what is none is as good as nothing.
  #list<T>(name: string): readonly T[] {
    const path = join(this.path, name);
    if (!existsSync(path)) return [];
    const list = this.#read(name, (text): unknown => JSON.parse(text));
    return Array.isArray(list) ? list : [];
  }

  /** A file is there whole, or as it was. */
  #write(name: string, text: string): void {
    mkdirSync(this.path, { recursive: true, mode: FOLDER_MODE });
    const path = join(this.path, name);
    writeFileSync(`${path}.new`, text, { mode: FILE_MODE, flush: true });
    renameSync(`${path}.new`, path);
  }
}
