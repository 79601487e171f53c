// Which names of properties are this page's own, so that the bundle may shorten them:
//
//     node Web/tools/own-names.mjs            writes Web/own-names.txt, one name a line
//
// A name is the page's own when TypeScript finds each of its uses declared in Web/src, and when nothing needs it
// as it is spelt: no key that is computed or listed at run time, nothing that is stored for a reload, no member of a
// browser's dictionary, whose literals carry no type here. Node and node-typescript do it.

import { realpathSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const web = fileURLToPath(new URL('../', import.meta.url));
const compiler = realpathSync('/usr/bin/tsc').replace('bin/tsc', 'lib/typescript.js');
const ts = createRequire(import.meta.url)(compiler);

/** @returns {{ own: string[], foreign: Set<string> }} `own` sorted; `foreign` are all names that must stay as they are */
export function classify() {
  const { config } = ts.readConfigFile(`${web}jsconfig.json`, ts.sys.readFile);
  const { fileNames, options } = ts.parseJsonConfigFileContent(config, ts.sys, web);
  const program = ts.createProgram(fileNames, options);
  const checker = program.getTypeChecker();
  const isSource = (file) => file.fileName.startsWith(`${web}src/`) && !file.isDeclarationFile;
  const own = new Set();
  const foreign = new Set();

  /** What a module exports keeps its name where the whole module stands as an object. */
  const isExport = (one) => ts.isFunctionDeclaration(one) || ts.isVariableDeclaration(one) || ts.isClassDeclaration(one);
  const note = (name, symbol) => {
    if (!ts.isIdentifier(name)) return;
    const declarations = symbol?.declarations ?? [];
    const isOwn = declarations.length > 0 && declarations.every((one) => isSource(one.getSourceFile()) && !isExport(one));
    (isOwn ? own : foreign).add(name.text);
  };
  const parts = (type) => (type.isUnionOrIntersection() ? type.types.flatMap(parts) : [type]);
  /** A property as the receiver of a literal knows it. */
  const memberOf = (type, name) => parts(type).map((part) => part.getProperty(name)).find(Boolean);
  const keepKeys = (type, isDeep = false, seen = new Set()) => {
    for (const part of parts(type)) {
      if (seen.has(part) || !isOwnShape(part)) continue;
      seen.add(part);
      for (const property of part.getProperties()) {
        foreign.add(property.name);
        if (isDeep) keepKeys(checker.getTypeOfSymbol(property), true, seen);
      }
    }
  };
  const isOwnShape = (type) => (type.symbol?.declarations ?? []).every((one) => isSource(one.getSourceFile()));

  const visit = (node) => {
    if (ts.isPropertyAccessExpression(node)) note(node.name, checker.getSymbolAtLocation(node.name));
    else if (ts.isObjectBindingPattern(node)) {
      const type = checker.getTypeAtLocation(node);
      for (const { propertyName, name, dotDotDotToken } of node.elements) {
        const key = propertyName ?? name;
        if (dotDotDotToken === undefined && ts.isIdentifier(key)) note(key, memberOf(type, key.text));
      }
    } else if (ts.isObjectLiteralExpression(node)) {
      const wanted = checker.getContextualType(node);
      const isTable = wanted !== undefined && parts(wanted).some((part) => part.getStringIndexType() !== undefined);
      for (const { name } of node.properties) {
        if (name === undefined || !ts.isIdentifier(name)) continue;
        if (isTable) foreign.add(name.text);
        note(name, (wanted && memberOf(wanted, name.text)) ?? checker.getSymbolAtLocation(name));
      }
    } else if (ts.isClassElement(node) && node.name !== undefined) {
      note(node.name, checker.getSymbolAtLocation(node.name));
    } else if (ts.isElementAccessExpression(node)) {
      const keys = parts(checker.getTypeAtLocation(node.argumentExpression));
      if (keys.every((key) => key.isStringLiteral())) keys.forEach(({ value }) => foreign.add(value));
      else keepKeys(checker.getTypeAtLocation(node.expression));
    } else if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.InKeyword) {
      if (ts.isStringLiteralLike(node.left)) foreign.add(node.left.text);
      else keepKeys(checker.getTypeAtLocation(node.right));
    } else if (ts.isCallExpression(node) && /^(Object\.(entries|keys|values)|JSON\.stringify)$/.test(node.expression.getText())) {
      for (const one of node.arguments) keepKeys(checker.getTypeAtLocation(one), node.expression.getText() === 'JSON.stringify');
    }
    ts.forEachChild(node, visit);
  };
  const noteDictionaries = (node) => {
    if (ts.isInterfaceDeclaration(node) && node.members.every(ts.isPropertySignature)) {
      for (const { name } of node.members) foreign.add(name.text);
    }
    ts.forEachChild(node, noteDictionaries);
  };
  for (const file of program.getSourceFiles()) {
    if (isSource(file)) visit(file);
    else if (file.isDeclarationFile) noteDictionaries(file);
  }
  return { own: [...own].filter((name) => !foreign.has(name)).sort(), foreign };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(`${web}own-names.txt`, `${classify().own.join('\n')}\n`);
}
