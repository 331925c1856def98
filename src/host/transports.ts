// Transports to servers that are asked again and again (metric providers): each is made once, so that a connection
// serves many requests instead of one being left behind by each.
import type { Transport } from '../lib/ports.ts';
import { createTransport } from './transport.ts';

/** How many are kept; the one that was made first goes first. */
const KEPT = 64;

export function createTransports(): (
  server: string,
  options: { readonly insecure: boolean },
) => Transport {
  const made = new Map<string, Transport>();
  return (server, { insecure }) => {
    const key = `${insecure} ${server}`;
    const known = made.get(key);
    if (known !== undefined) return known;
    const { send } = createTransport({ server, insecure });
    const [first] = made.keys();
    // Not closed: a request may be under way. Its idle connections end with the server's patience.
    if (made.size >= KEPT && first !== undefined) made.delete(first);
    made.set(key, send);
    return send;
  };
}
