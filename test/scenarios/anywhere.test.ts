// The stories of anywhere.ts on the sandbox; test/cluster/scenarios.test.ts tells them on a real API server.
import { it } from 'vitest';
import { STORIES } from './anywhere.ts';
import { withWeb } from './web.ts';

it.each(STORIES)('$name', async (story) => {
  await withWeb(story.options, (web) => story.tell(web));
});
