/** HTML and Markdown as they are read by parsers that have nothing to do with what wrote them. */
import { marked } from 'marked'
import { parse } from 'parse5'

export interface TreeNode {
  /** In lower case; `#text` for text. */
  readonly nodeName: string
  readonly attrs?: ReadonlyArray<{ readonly name: string, readonly value: string }>
  readonly childNodes?: readonly TreeNode[]
  /** Of text. */
  readonly value?: string
}

export function treeOfHtml (html: string): TreeNode {
  return parse(html) as TreeNode
}

export function treeOfMarkdown (markdown: string): TreeNode {
  return treeOfHtml(marked.parse(markdown, { async: false }))
}

/** All elements in it, in the order of the document. */
export function elements (node: TreeNode): TreeNode[] {
  return (node.childNodes ?? []).flatMap(child => child.nodeName.startsWith('#') ? [] : [child, ...elements(child)])
}

export function all (node: TreeNode, name: string, className?: string): TreeNode[] {
  return elements(node).filter(element => element.nodeName === name && (className === undefined || classesOf(element).includes(className)))
}

export function classesOf (node: TreeNode): string[] {
  return (attribute(node, 'class') ?? '').split(' ')
}

export function attribute ({ attrs = [] }: TreeNode, name: string): string | undefined {
  return attrs.find(attr => attr.name === name)?.value
}

/** As it is read. */
export function textOf (node: TreeNode): string {
  if (node.nodeName === '#text') return node.value!
  if (node.nodeName === 'style' || node.nodeName === 'script') return ''
  return (node.childNodes ?? []).map(textOf).join('')
}

/** What stands between line breaks. */
export function lines ({ childNodes = [] }: TreeNode): TreeNode[] {
  const found: TreeNode[][] = [[]]
  for (const child of childNodes) {
    if (child.nodeName === 'br') found.push([])
    else found.at(-1)!.push(child)
  }
  return found.map(childNodes => ({ nodeName: 'line', childNodes }))
}
