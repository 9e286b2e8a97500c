// A self-signed certificate for 127.0.0.1, made when a test needs one.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from './process.mjs';

let made;

/** {certFile, keyFile, ca}: the files, and the certificate's text for clients that shall trust it. */
export function certificate() {
  if (made) return made;
  const folder = temporaryFolder('patchbay-tls-');
  const certFile = join(folder, 'cert.pem');
  const keyFile = join(folder, 'key.pem');
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes',
    '-days', '2', '-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost',
    '-keyout', keyFile, '-out', certFile], { stdio: 'ignore' });
  made = { certFile, keyFile, ca: readFileSync(certFile, 'utf8') };
  return made;
}
