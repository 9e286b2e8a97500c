// The wire under TLS: the sandbox serves wss and https, the product verifies whom it talks to.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Account, Product } from '../support/product.mjs';
import { Sandbox } from '../support/sandbox.mjs';
import { certificate } from '../support/tls.mjs';
import { until } from '../support/wait.mjs';

describe('a sandbox with TLS', { concurrency: 1 }, () => {
  let sandbox;
  before(async () => {
    const { certFile, keyFile } = certificate();
    sandbox = await Sandbox.start('--tls-cert', certFile, '--tls-key', keyFile);
  });
  after(() => sandbox?.stop());

  async function withProduct(args, use) {
    const product = await Product.start({ sandbox, args });
    try {
      const account = await Account.register(product.target);
      await use(account, (await account.createInstance()).id, product);
    } finally {
      await product.stop();
    }
  }

  test('links an instance whose server is told to trust its certificate', () => (
    withProduct(['--sandbox-ca', certificate().certFile], async (account, id) => {
      assert.match(sandbox.socketUrl, /^wss:/);
      await account.link(id);
      await account.drop(id);
      await account.reaches(id, 'CONNECTED');
      assert.deepEqual(await sandbox.violations(), []);
    })));

  test('is refused by one that is not: nothing is said to a stranger', () => (
    withProduct([], async (account, id) => {
      await account.act(id, 'connect');
      const reason = await until(async () => {
        const { status } = await account.ok('GET', `/api/instances/${id}/status`);
        return status.reason?.code === 'UNREACHABLE' && status.reason;
      }, 'UNREACHABLE of the instance');
      assert.match(reason.text, /certificate/i);
    })));

  test('a root key that is not the sandbox\'s is refused below TLS', async () => {
    const flags = ['--sandbox-url', sandbox.socketUrl, '--sandbox-root', '11'.repeat(32), '--sandbox-ca', certificate().certFile];
    const product = await Product.start({ sandbox: false, args: [...flags, '--reconnect-delay-ms', '50'] });
    try {
      const account = await Account.register(product.target);
      const { id } = await account.createInstance();
      await account.act(id, 'connect');
      const { reason } = await until(async () => {
        const { status } = await account.ok('GET', `/api/instances/${id}/status`);
        return /certificate/i.test(status.reason?.text) && status;
      }, 'a reason that names the certificate');
      assert.equal(reason.code, 'UNREACHABLE');
    } finally {
      await product.stop();
    }
  });
});
