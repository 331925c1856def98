// Questions about the caller: on one's own machine everything is allowed
// (https://kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access).
import type { ApiRequest } from './request.ts';

type JsonObject = Readonly<Record<string, unknown>>;

export const USER = 'slipway-admin';

const REVIEWS: ReadonlySet<string> = new Set([
  'authorization.k8s.io/selfsubjectaccessreviews',
  'authorization.k8s.io/selfsubjectrulesreviews',
  'authentication.k8s.io/selfsubjectreviews',
]);

/** Whether it is a question about the caller, which no kind answers. */
export function isReview({ group, plural }: Pick<ApiRequest, 'group' | 'plural'>): boolean {
  return REVIEWS.has(`${group}/${plural}`);
}

/** The answered review; undefined if `plural` is none. */
export function answeredReview(plural: string, review: JsonObject): JsonObject | undefined {
  switch (plural) {
    case 'selfsubjectaccessreviews':
      return { ...review, metadata: {}, status: { allowed: true } };
    case 'selfsubjectrulesreviews': {
      const all = ['*'];
      return {
        ...review,
        metadata: {},
        status: {
          resourceRules: [{ verbs: all, apiGroups: all, resources: all }],
          nonResourceRules: [{ verbs: all, nonResourceURLs: all }],
          incomplete: false,
        },
      };
    }
    case 'selfsubjectreviews':
      return {
        ...review,
        metadata: {},
        status: { userInfo: { username: USER, groups: ['system:masters'] } },
      };
    default:
      return undefined;
  }
}
