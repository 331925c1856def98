// How the document's story goes on, on the virtual clock: the promotion under load, the bad version that is caught.
import { expect, it } from 'vitest';
import { type BusyStage, tellSequel } from '../../src/cli/story/sequel.ts';
import { tell, toldText } from '../../src/cli/story/story.ts';
import { startUsers } from '../../src/cli/story/users.ts';
import { reachable } from '../support/https.ts';
import { type Cluster, withCluster } from '../support/cluster.ts';
import { stageOf } from './story.ts';

const USERS_PER_SECOND = 4;

it('goes on to a promotion without failed requests and catches a bad version', async () => {
  await withCluster({ seed: 'sequel' }, play);
});

async function play(cluster: Cluster): Promise<void> {
  const reach = await reachable(cluster.sandbox);
  const stage: BusyStage = {
    ...stageOf(cluster, reach),
    users: (host) =>
      startUsers({
        clock: cluster.clock,
        mesh: cluster.sandbox.mesh.send,
        host,
        path: '/status/200',
        perSecond: USERS_PER_SECOND,
      }),
  };
  try {
    for await (const told of tell(stage)) expect(told.output).not.toBe('');
    let text = '';
    for await (const told of tellSequel(stage)) text += toldText(told);
    expect(text).toMatch(/"status":200,"version":"1\.0\.0"/);
    expect(text).toContain(
      'no series istio_requests_total has destination_service_name="mock-server-canary"',
    );
    expect(text).toMatch(/While 2\.0\.0 was promoted none of \d+ requests failed\./);
    expect(text).toMatch(
      /Users of the Rollout, from the update until it was taken back: \d+ of \d+ requests failed/,
    );
    expect(text).toMatch(
      /plain Deployment in the same time: \d+ of \d+ requests failed \(2\d\.\d %\), and it goes on/,
    );
  } finally {
    await reach.close();
  }
}
