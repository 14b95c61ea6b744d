/**
 * Follows the calls of a function through the source files: which files a token passes through is
 * read from the code, not from a list.
 */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Node, nodesOf, nodesWithin, recordOf } from "./syntax.ts";

type Called = { readonly name: string; readonly isMember: boolean };

type Import = { readonly name: string; readonly path: string };

type SourceFile = {
  readonly path: string;
  /** By local name; of another package the folder, which ends with a slash. */
  readonly imports: ReadonlyMap<string, Import>;
  /** Bodies by name: functions, methods, private ones with `#`. */
  readonly bodies: ReadonlyMap<string, Node>;
  /** Functions that are values of properties, by property. */
  readonly callbacks: ReadonlyMap<string, Node>;
  /** Functions of types and interfaces: whoever implements or passes them has the body. */
  readonly declared: ReadonlySet<string>;
  /** Interfaces that its classes implement. */
  readonly implements: readonly string[];
};

/** A step of a path: a function in a file. */
export type Step = { readonly path: string; readonly name: string };

export class CallTrace {
  readonly #files = new Map<string, SourceFile>();

  /** `paths` are the files that calls are followed into. */
  constructor(root: string, paths: readonly string[]) {
    for (const path of paths)
      this.#files.set(path, read(path, readFileSync(join(root, path), "utf8")));
  }

  /** The files that calls from these functions lead to, in the order in which they are reached. */
  filesFrom(starts: readonly Step[], isBeside: (step: Step) => boolean): readonly string[] {
    const files = new Set<string>();
    const visited = new Set<string>();
    const visit = (step: Step) => {
      const key = `${step.path} ${step.name}`;
      if (visited.has(key) || isBeside(step)) return;
      visited.add(key);
      const file = this.#files.get(step.path);
      const body = file?.bodies.get(step.name) ?? file?.callbacks.get(step.name);
      if (file === undefined || body === undefined) return;
      files.add(step.path);
      for (const called of callsIn(body)) this.#resolve(file, called).forEach(visit);
    };
    starts.forEach(visit);
    return [...files];
  }

  /** Where the function that is called may be. */
  #resolve(file: SourceFile, called: Called): Step[] {
    const { name, isMember } = called;
    if (!isMember || name.startsWith("#")) {
      const imported = file.imports.get(name) ?? { name, path: file.path };
      return this.#filesOf(imported).map((path) => ({ path, name: imported.name }));
    }
    const near = new Set([file, ...this.#importedBy(file)]);
    // What a file has of `deps.ts` is of the types that are imported there.
    for (const one of near) {
      if (one.path.endsWith("/deps.ts")) for (const dep of this.#importedBy(one)) near.add(dep);
    }
    return [...near].flatMap((one) => [
      ...(one.bodies.has(name) ? [{ path: one.path, name }] : []),
      ...(one.declared.has(name) ? this.#bodiesFor(one, name) : []),
    ]);
  }

  #importedBy(file: SourceFile): readonly SourceFile[] {
    return [...file.imports.values()].flatMap(({ path }) => this.#files.get(path) ?? []);
  }

  /** A file, or those of a package's folder that declare the function. */
  #filesOf({ name, path }: Import): readonly string[] {
    if (!path.endsWith("/")) return [path];
    const all = [...this.#files.values()].filter((file) => file.path.startsWith(path));
    return all.filter((file) => file.bodies.has(name)).map((file) => file.path);
  }

  /** Who implements an interface of this file, or passes a function of its types. */
  #bodiesFor(declaring: SourceFile, name: string): Step[] {
    return [...this.#files.values()].flatMap((file) => {
      const imports = [...file.imports].filter(([, { path }]) => path === declaring.path);
      const isImplemented = imports.some(([local]) => file.implements.includes(local));
      if (isImplemented && file.bodies.has(name)) return [{ path: file.path, name }];
      return imports.length > 0 && file.callbacks.has(name) ? [{ path: file.path, name }] : [];
    });
  }
}

function read(path: string, code: string): SourceFile {
  const nodes = nodesOf(path, code);
  const imports = new Map<string, Import>();
  const bodies = new Map<string, Node>();
  const callbacks = new Map<string, Node>();
  const declared = new Set<string>();
  const implemented: string[] = [];
  for (const node of nodes) {
    const name = nameOf(recordOf(node.key) ?? recordOf(node.id));
    const value = recordOf(node.value);
    if (node.type === "FunctionDeclaration" && name !== null) bodies.set(name, node);
    const isMethod = node.type === "MethodDefinition" || node.type === "PropertyDefinition";
    if (isMethod && name !== null && isFunction(value)) bodies.set(name, value);
    if (node.type === "Property" && name !== null && isFunction(value)) callbacks.set(name, value);
    if (node.type === "TSMethodSignature" && name !== null) declared.add(name);
    if (node.type === "TSPropertySignature" && name !== null) declared.add(name);
    if (node.type === "TSClassImplements")
      implemented.push(nameOf(recordOf(node.expression)) ?? "");
    if (node.type === "ImportDeclaration") readImport(node, path, imports);
  }
  return { path, imports, bodies, callbacks, declared, implements: implemented };
}

function readImport(node: Node, path: string, to: Map<string, Import>): void {
  const from = String(recordOf(node.source)?.value);
  const specifiers = Array.isArray(node.specifiers) ? node.specifiers.map(recordOf) : [];
  for (const specifier of specifiers) {
    const local = nameOf(recordOf(specifier?.local));
    const name = nameOf(recordOf(specifier?.imported)) ?? local;
    if (local === null || name === null) continue;
    if (from.startsWith(".")) to.set(local, { name, path: join(dirname(path), from) });
    const [, workspace] = /^@ams\/([a-z]+)$/.exec(from) ?? [];
    if (workspace !== undefined) to.set(local, { name, path: `libs/${workspace}/src/` });
  }
}

/**
 * The calls in a function, in the order of the text, and its private functions that it hands on;
 * `new X()` is none.
 */
function callsIn(body: Node): readonly Called[] {
  return nodesWithin(body).flatMap((node): readonly Called[] => {
    const callee = node.type === "CallExpression" ? recordOf(node.callee) : null;
    if (callee?.type === "Identifier") return [{ name: String(callee.name), isMember: false }];
    const member = callee ?? node;
    const name = member.type === "MemberExpression" ? nameOf(recordOf(member.property)) : null;
    if (name === null || (callee === null && !name.startsWith("#"))) return [];
    return [{ name, isMember: true }];
  });
}

function isFunction(node: Node | null): node is Node {
  return node?.type === "ArrowFunctionExpression" || node?.type === "FunctionExpression";
}

/** Private names with their `#`. */
function nameOf(node: Node | null): string | null {
  if (node?.type === "PrivateIdentifier") return `#${String(node.name)}`;
  return node?.type === "Identifier" ? String(node.name) : null;
}
