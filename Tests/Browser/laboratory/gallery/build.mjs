// Writes the gallery to standard output: the page's document, style and view, with a script that takes poses.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { wordLists } from '../../../../Web/build.mjs';

const web = new URL('../../../../Web/', import.meta.url);
const script = execFileSync('esbuild', [
  fileURLToPath(new URL('gallery.js', import.meta.url)), '--bundle', '--format=iife', '--charset=utf8',
  '--log-level=warning', `--define:WORD_LISTS=${JSON.stringify(wordLists())}`,
], { encoding: 'utf8' });
process.stdout.write(readFileSync(new URL('index.html', web), 'utf8')
  .replace('/* style */', () => readFileSync(new URL('style.css', web), 'utf8'))
  .replace('/* early */', '')
  .replace('/* script */', () => script.replaceAll('</script', '<\\/script')));
