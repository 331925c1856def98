// Certificates for a server on this machine: an authority of its own and one leaf, both made anew each time.
import { webcrypto } from 'node:crypto';
import 'reflect-metadata';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

export interface ServerCertificate {
  /** What clients trust. */
  readonly authorityPem: string;
  readonly certPem: string;
  readonly keyPem: string;
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY_MS = 86_400_000;
const VALID_DAYS = 365;

type Keys = webcrypto.CryptoKeyPair;

function keys(): Promise<Keys> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
}

async function privatePem(key: webcrypto.CryptoKey): Promise<string> {
  const bytes = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key)).toString('base64');
  const lines = bytes.match(/.{1,64}/g) ?? [];
  return `-----BEGIN PRIVATE KEY-----\n${lines.join('\n')}\n-----END PRIVATE KEY-----\n`;
}

/** A certificate for `names` (DNS) and `addresses` (IP), valid from `nowMs` on for a year. */
export async function serverCertificate(options: {
  readonly names: readonly string[];
  readonly addresses: readonly string[];
  readonly nowMs: number;
}): Promise<ServerCertificate> {
  const authorityKeys = await keys();
  const leafKeys = await keys();
  const period = {
    notBefore: new Date(options.nowMs - DAY_MS),
    notAfter: new Date(options.nowMs + VALID_DAYS * DAY_MS),
  };
  const authority = await X509CertificateGenerator.createSelfSigned({
    serialNumber: '01',
    name: 'CN=slipway-sandbox-ca',
    ...period,
    signingAlgorithm: ALGORITHM,
    keys: authorityKeys,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    ],
  });
  const leaf = await leafOf(authority, { authorityKeys, leafKeys, period, ...options });
  return {
    authorityPem: `${authority.toString('pem')}\n`,
    certPem: `${leaf.toString('pem')}\n`,
    keyPem: await privatePem(leafKeys.privateKey),
  };
}

function leafOf(
  authority: X509Certificate,
  options: {
    readonly authorityKeys: Keys;
    readonly leafKeys: Keys;
    readonly period: { readonly notBefore: Date; readonly notAfter: Date };
    readonly names: readonly string[];
    readonly addresses: readonly string[];
  },
): Promise<X509Certificate> {
  return X509CertificateGenerator.create({
    serialNumber: '02',
    subject: 'CN=slipway-sandbox',
    issuer: authority.subject,
    ...options.period,
    signingAlgorithm: ALGORITHM,
    publicKey: options.leafKeys.publicKey,
    signingKey: options.authorityKeys.privateKey,
    extensions: [
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension([
        ...options.names.map((value) => ({ type: 'dns', value }) as const),
        ...options.addresses.map((value) => ({ type: 'ip', value }) as const),
      ]),
    ],
  });
}
