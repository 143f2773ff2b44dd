import { hashOf } from "./canonical-text.ts";
import { chainOf } from "./class-chain.ts";
import { type ClassShape, type Declaration, isStatic, membersOf } from "./declaration.ts";
import { isEventfold, type Project, type Target, type Unresolved } from "./project.ts";
import type { Reference } from "./references.ts";
import type { SourceModule } from "./source-module.ts";
import { type ReachedNames, touches } from "./touches.ts";

/** What `this` is in a member: an instance of the class, or the class itself. */
interface Receiver {
  readonly shape: ClassShape;
  readonly isStatic: boolean;
}

/** A declaration where a fold begins. */
export interface Root {
  readonly declaration: Declaration;
  readonly receiver: Receiver | undefined;
}

/** A declaration that a fold reaches. */
export interface Reached extends Root {
  /** Through which it was reached first; undefined for a root. */
  readonly from: Reached | undefined;
}

/** All that a fold reaches. */
export interface Reach {
  /** Of every text and of what each name in it stands for. Does not depend on where declarations live. */
  readonly hash: string;
  readonly reached: readonly Reached[];
  /** As `decimal.js: default`. */
  readonly packages: readonly string[];
  readonly unresolved: readonly Unresolved[];
  /** Places that import what only the running program knows. */
  readonly computedImports: readonly Declaration[];
}

/** Follows every reference from `roots` on. */
export function reachFrom(project: Project, roots: readonly Root[]): Reach {
  return new Walk(project).run(roots);
}

class Walk {
  readonly #project: Project;
  readonly #reached = new Map<string, Reached>();
  /** For each reached declaration in turn, what its references lead to, as positions in `#reached` or as names. */
  readonly #lines: string[] = [];
  readonly #positions = new Map<string, number>();
  readonly #queue: Reached[] = [];
  readonly #packages = new Set<string>();
  readonly #specifiers = new Set<string>();
  /** With what was reached first of each. */
  readonly #modules = new Map<SourceModule, Reached | undefined>();
  readonly #wholeModules = new Set<SourceModule>();
  readonly #unresolved = new Map<string, Unresolved>();
  readonly #computedImports = new Set<Declaration>();
  readonly #serials = new Map<object, number>();

  constructor(project: Project) {
    this.#project = project;
  }

  run(roots: readonly Root[]): Reach {
    for (const { declaration, receiver } of roots) this.#reach(declaration, receiver, undefined);
    do this.#exhaust();
    while (this.#reachStatements());
    return {
      hash: hashOf(this.#lines.join("\n")),
      reached: [...this.#reached.values()],
      packages: [...this.#packages].sort(),
      unresolved: [...this.#unresolved.values()],
      computedImports: [...this.#computedImports],
    };
  }

  #exhaust(): void {
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      const { declaration } = next;
      if (!this.#modules.has(declaration.module)) this.#modules.set(declaration.module, next);
      const edges = declaration.references.map((reference) => this.#follow(next, reference).join(","));
      this.#lines.push(`${declaration.hash} ${edges.join(" ")}`);
    }
  }

  /**
   * Statements at the top of a reached module may change what the fold reaches (`rates.set(…)`): those count that mention it, or
   * call what changes it, and so do modules that are imported for their effect.
   */
  #reachStatements(): boolean {
    const before = this.#reached.size;
    const reached: ReachedNames = {
      has: (declaration) => this.#serials.has(declaration),
      hasPackage: (specifier) => this.#specifiers.has(specifier),
    };
    for (const [module, first] of this.#modules) {
      for (const specifier of module.bareImports) {
        for (const target of this.#project.imported(module, specifier, "*", [])) this.#target(target, first);
      }
      for (const statement of module.statements) {
        if (touches(this.#project, statement, reached)) this.#reach(statement, undefined, first);
      }
    }
    return this.#reached.size > before;
  }

  #follow(from: Reached, reference: Reference): string[] {
    const { declaration, receiver } = from;
    switch (reference.kind) {
      case "name":
        return this.#project
          .lookup(declaration.module, reference.name, reference.path)
          .flatMap((target) => this.#target(target, from));
      case "this":
      case "super":
        return receiver === undefined ? [] : this.#member(receiver, reference, from);
      case "private": {
        const member = declaration.owner?.private.get(reference.name);
        return member === undefined ? [] : [this.#reach(member, receiver, from), ...this.#constructors(receiver, from)];
      }
      case "eval":
        return this.#target({ kind: "module", module: declaration.module }, from);
      case "module":
        if (reference.specifier === undefined) {
          this.#computedImports.add(declaration);
          return [];
        }
        return this.#project
          .imported(declaration.module, reference.specifier, "*", [])
          .flatMap((target) => this.#target(target, from));
      default:
        return [];
    }
  }

  #target(target: Target, from: Reached | undefined): string[] {
    switch (target.kind) {
      case "declaration":
        return [this.#reach(target.declaration, undefined, from)];
      case "class":
        return this.#class(target.shape, target.path, from);
      case "module":
        return this.#wholeModule(target.module, from);
      case "package":
        return [this.#package(target)];
      case "unresolved":
        this.#unresolved.set(`${target.importer.label} ${target.specifier}`, target);
        return [target.specifier];
      default:
        return [];
    }
  }

  #wholeModule(module: SourceModule, from: Reached | undefined): string[] {
    if (this.#wholeModules.has(module)) return ["whole"];
    this.#wholeModules.add(module);
    if (!this.#modules.has(module)) this.#modules.set(module, from);
    const declared = module.declarations.map((declaration) => {
      const { owner } = declaration;
      return this.#reach(declaration, owner && { shape: owner, isStatic: isStatic(declaration) }, from);
    });
    const passedOn = [...module.exports.values()].flatMap((exported) =>
      "local" in exported ? [] : this.#project.imported(module, exported.specifier, exported.name, []),
    );
    const stars = module.stars.flatMap((specifier) => this.#project.imported(module, specifier, "*", []));
    return [...declared, ...[...passedOn, ...stars].flatMap((target) => this.#target(target, from))];
  }

  #package({ specifier, name, path }: Extract<Target, { kind: "package" }>): string {
    const imported = name === "*" ? (path[0] ?? "*") : name;
    if (!isEventfold(specifier)) {
      this.#packages.add(`${specifier}: ${imported}`);
      this.#specifiers.add(specifier);
    }
    return `${specifier}#${imported}`;
  }

  /** A static member that is named; else, since instances may be made of it, the class as a whole. */
  #class(shape: ClassShape, path: readonly string[], from: Reached | undefined): string[] {
    const [key] = path;
    const receiver = { shape, isStatic: true };
    const found = key === undefined ? undefined : this.#find(chainOf(this.#project, shape).shapes, key, true);
    return found === undefined
      ? this.#whole(shape, from)
      : [...this.#shells(shape, from), this.#reach(found, receiver, from)];
  }

  #member(receiver: Receiver, reference: Extract<Reference, { kind: "this" | "super" }>, from: Reached): string[] {
    const { shape, isStatic: onClass } = receiver;
    const [key, ...rest] = reference.path;
    if (key === undefined) return reference.kind === "super" ? [] : this.#whole(shape, from);
    if (key === "constructor" && !onClass) return this.#class(shape, rest, from);
    const { shapes } = chainOf(this.#project, shape);
    const owner = from.declaration.owner;
    const start = reference.kind === "super" && owner !== undefined ? shapes.indexOf(owner) + 1 : 0;
    const found = this.#find(shapes.slice(start), key, onClass);
    const isMethod = found?.nodes[0]?.type.endsWith("Method") === true;
    return [
      ...(found === undefined ? [] : [this.#reach(found, receiver, from)]),
      // What is no method may have been set by a constructor.
      ...(isMethod || onClass ? [] : this.#constructors(receiver, from)),
    ];
  }

  #constructors(receiver: Receiver | undefined, from: Reached): string[] {
    if (receiver === undefined || receiver.isStatic) return [];
    return chainOf(this.#project, receiver.shape).shapes.flatMap(({ instance }) => {
      const found = instance.get("constructor");
      return found === undefined ? [] : [this.#reach(found, receiver, from)];
    });
  }

  #find(shapes: readonly ClassShape[], key: string, onClass: boolean): Declaration | undefined {
    return shapes
      .map((shape) => (onClass ? shape.static : shape.instance).get(key))
      .find((found) => found !== undefined);
  }

  #whole(shape: ClassShape, from: Reached | undefined): string[] {
    const members = chainOf(this.#project, shape).shapes.flatMap(membersOf);
    const computed = chainOf(this.#project, shape).computed.map((rest) => this.#reach(rest, undefined, from));
    return [...computed, ...members.map((member) => this.#reach(member, { shape, isStatic: isStatic(member) }, from))];
  }

  #shells(shape: ClassShape, from: Reached | undefined): string[] {
    const { shapes, computed } = chainOf(this.#project, shape);
    const shells = shapes.flatMap(({ shell }) => (shell === undefined ? [] : [shell]));
    return [...computed, ...shells].map((shell) => this.#reach(shell, { shape, isStatic: true }, from));
  }

  /** @returns its position among what is reached. */
  #reach(declaration: Declaration, receiver: Receiver | undefined, from: Reached | undefined): string {
    const key = `${this.#serial(declaration)} ${receiver ? `${this.#serial(receiver.shape)} ${receiver.isStatic}` : ""}`;
    let position = this.#positions.get(key);
    if (position === undefined) {
      this.#positions.set(key, (position = this.#positions.size));
      const reached = { declaration, receiver, from };
      this.#reached.set(key, reached);
      this.#queue.push(reached);
    }
    return String(position);
  }

  #serial(object: object): number {
    let serial = this.#serials.get(object);
    if (serial === undefined) this.#serials.set(object, (serial = this.#serials.size));
    return serial;
  }
}
