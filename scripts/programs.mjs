// Runs the TypeScript compiler. A file that declares `Register` (the scopes of one application) changes the
// types of everything it is compiled with, so applications are compiled apart from each other.
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
// The compiler is no program of Node: it is started without one around it.
import getExePath from '../node_modules/@typescript/native/lib/getExePath.js'

const root = fileURLToPath(new URL('..', import.meta.url))

export function tsc (...args) {
  // Several threads would each check the libraries anew: that is most of the work.
  return new Promise((resolve) => {
    execFile(getExePath(), ['--singleThreaded', '--pretty', 'false', ...args], { cwd: root, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      resolve({ ok: error === null, output: stdout + stderr })
    })
  })
}

export function declaresRegister (file) {
  return /^\s*interface Register\b/m.test(readFileSync(file, 'utf8')) && !file.includes('/lib/')
}

/** Compiles `files`, paths from the root, as one program, with the options of tsconfig.json and of `options`. */
export async function compile (files, options = {}) {
  mkdirSync(join(root, '.build'), { recursive: true })
  const folder = mkdtempSync(join(root, '.build/program-'))
  const fromFolder = (file) => relative(folder, join(root, file))
  const config = {
    extends: fromFolder('tsconfig.json'),
    compilerOptions: { rootDir: fromFolder('.'), ...options },
    files: files.map(fromFolder),
    include: []
  }
  try {
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
    return await tsc('-p', folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
