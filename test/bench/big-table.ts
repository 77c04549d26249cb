// A large registered-ip table and the pages in which a device gives it, byte for byte.
import { escapeXml } from '../../src/panos/xml/xml-text.ts';

export type BigEntry = { readonly ip: string; readonly tags: readonly string[] };

export const bigTablePrefix = 'k8s-prod.';

/** Each workload has tags of its own, which its Pods share; each tenth address has a tag that no other has as well. */
const podsAWorkload = 7;
const podsALoneTag = 10;
/** A prime, so that no index is left out. */
const scatter = 7919;

export function bigTable(entries: number): readonly BigEntry[] {
  return Array.from({ length: entries }, (_, position) => {
    // No two neighbours of a workload stand side by side: a device has an order of its own.
    const index = (position * scatter) % entries;
    const workload = Math.floor(index / podsAWorkload);
    const namespace = `${bigTablePrefix}ns_team-${Math.floor(workload / 60)}`;
    const shared = [
      `${namespace}.app.service-${workload}`,
      `${namespace}.tier.${['gold', 'silver'][workload % 2]}`,
    ];
    const own = index % podsALoneTag === 0 ? [`${namespace}.pod.service-${workload}-${index}`] : [];
    return { ip: `10.${20 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`, tags: [...own, ...shared] };
  });
}

/** The page that begins with the start-th entry, from 1, as "show object registered-ip" writes it. */
export function pageOf(entries: readonly BigEntry[], start: number, limit: number): string {
  const page = entries.slice(start - 1, start - 1 + limit);
  const written = page.map(({ ip, tags }) => {
    const members = tags.map((tag) => `<member>${escapeXml(tag)}</member>`).join('\n');
    return `<entry ip="${ip}" from_agent="0" persistent="1">\n<tag>\n${members}\n</tag>\n</entry>`;
  });
  return `<response status="success"><result>\n${written.join('\n')}\n<count>${page.length}</count>\n</result></response>`;
}

export function countOf(entries: readonly BigEntry[]): string {
  return `<response status="success"><result><count>${entries.length}</count></result></response>`;
}
