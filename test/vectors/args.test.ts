import { run } from './args.ts';
import { vectorTest } from './vector-test.ts';

vectorTest('args.json', run);
