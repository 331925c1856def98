// Stories that are told alike on the virtual clock (anywhere.test.ts) and on a real API server (test/cluster).
import { ANALYSIS_STORIES } from './anywhere/analysis.ts';
import { BLUE_GREEN_STORIES } from './anywhere/blue-green.ts';
import { CANARY_STORIES } from './anywhere/canary.ts';
import type { Story } from './anywhere/told.ts';
import { TRAFFIC_STORIES } from './anywhere/traffic.ts';
import { WORKLOAD_STORIES } from './anywhere/workloads.ts';

export const STORIES: readonly Story[] = [
  ...CANARY_STORIES,
  ...TRAFFIC_STORIES,
  ...BLUE_GREEN_STORIES,
  ...ANALYSIS_STORIES,
  ...WORKLOAD_STORIES,
];
