/** The commands that a page of the documentation tells its reader to run. */

/** Every `sh` block of a Markdown text, or of its section with this heading, one after the other. */
export function commandsOf(page: string, heading?: string): string {
  const text = heading === undefined ? page : sectionOf(page, heading);
  const blocks = [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block = ""]) => block);
  if (blocks.length === 0) throw new Error(`there is no command in ${heading ?? "the page"}`);
  return blocks.join("\n");
}

function sectionOf(page: string, heading: string): string {
  const start = page.indexOf(`\n## ${heading}\n`);
  if (start < 0) throw new Error(`there is no section "${heading}"`);
  const end = page.indexOf("\n## ", start + 1);
  return page.slice(start, end < 0 ? undefined : end);
}
