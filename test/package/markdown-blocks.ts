import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * A fenced code block of a page, with the marks that stand before it as HTML comments:
 *
 * - `<!-- run: expect "text" -->` looks for the text in what the block prints (a plain `<!-- run -->` runs a `sh` block);
 * - `<!-- compile-only: reason -->` does not run it;
 * - `<!-- continues -->` puts the code of the block before it in front;
 * - `<!-- sh: checked in test/some.test.ts -->` names the test that runs these commands.
 */
export interface Block {
  /** `README.md:12`: where the fence is. */
  readonly where: string
  readonly page: string
  /** The line of the page on which the code begins, counted from 1. */
  readonly line: number
  readonly language: string
  readonly code: string
  readonly run: boolean
  readonly expect: string | undefined
  readonly compileOnly: boolean
  readonly continues: boolean
  readonly checkedIn: string | undefined
  /** The text of the nearest heading above. */
  readonly heading: string
}

/** README.md, docs/ and what is said of the examples, as paths from the root of the package. */
export function pagesIn (root: string): string[] {
  const inFolder = (folder: string) => existsSync(join(root, folder))
    ? readdirSync(join(root, folder), { recursive: true }).map((file) => join(folder, String(file)))
    : []
  return ['README.md', ...inFolder('docs'), ...inFolder('examples')]
    .filter((file) => file.endsWith('.md') && existsSync(join(root, file)))
}

export function blocksOf (root: string, page: string): Block[] {
  const lines = readFileSync(join(root, page), 'utf8').split('\n')
  const blocks: Block[] = []
  let heading = ''
  let marks: string[] = []
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at]!
    const fence = /^ {0,3}(```+|~~~+)\s*(\w*)/.exec(line)
    if (fence === null) {
      heading = /^#+ +(.*?) *$/.exec(line)?.[1] ?? heading
      const mark = /^\s*<!-- *(.*?) *-->\s*$/.exec(line)
      if (mark !== null) marks.push(mark[1]!)
      else if (line.trim() !== '') marks = []
      continue
    }
    const end = lines.findIndex((other, index) => index > at && other.trim() === fence[1])
    if (end === -1) throw new Error(`${page}:${at + 1}: this code block has no end`)
    blocks.push(readBlock(page, at + 1, fence[2]!, lines.slice(at + 1, end), marks, heading))
    marks = []
    at = end
  }
  return blocks
}

function readBlock (page: string, fence: number, language: string, code: string[], marks: string[], heading: string): Block {
  const where = `${page}:${fence}`
  const block = { run: false, expect: undefined as string | undefined, compileOnly: false, continues: false, checkedIn: undefined as string | undefined }
  for (const mark of marks) {
    const [, expect] = /^run: expect "(.*)"$/.exec(mark) ?? []
    const [, checkedIn] = /^sh: checked in (\S+)$/.exec(mark) ?? []
    if (expect !== undefined) block.expect = expect
    else if (checkedIn !== undefined) block.checkedIn = checkedIn
    else if (mark === 'run') block.run = true
    else if (mark === 'continues') block.continues = true
    else if (/^compile-only: ./.test(mark)) block.compileOnly = true
    else if (/^(run|compile-only|sh|continue)\b/.test(mark)) throw new Error(`${where}: what does the mark <!-- ${mark} --> mean?`)
  }
  return { where, page, line: fence + 1, language, code: code.join('\n') + '\n', heading, ...block }
}
