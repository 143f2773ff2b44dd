import { type Declaration, membersOf } from "./declaration.ts";
import type { Project, Target } from "./project.ts";

/** What a fold reaches so far. */
export interface ReachedNames {
  has(declaration: Declaration): boolean;
  hasPackage(specifier: string): boolean;
}

/**
 * Whether a statement at the top of a module mentions what a fold reaches (`rates.set(…)`), or refers to a function that may
 * change it (`register(…)`).
 */
export function touches(project: Project, statement: Declaration, reached: ReachedNames): boolean {
  return touchesFrom(project, statement, reached, new Set());
}

/** @param callers from the statement down to `code`; none for the statement itself. */
function touchesFrom(project: Project, code: Declaration, reached: ReachedNames, callers: Set<Declaration>): boolean {
  const isStatement = callers.size === 0;
  callers.add(code);
  const isTouched = (target: Target, mayChange: boolean): boolean => {
    switch (target.kind) {
      case "package":
        return reached.hasPackage(target.specifier) && (isStatement || mayChange);
      case "class":
        return isStatement && membersOf(target.shape).some((member) => reached.has(member));
      case "declaration": {
        const { declaration } = target;
        if (reached.has(declaration)) return isStatement || mayChange;
        return !callers.has(declaration) && touchesFrom(project, declaration, reached, callers);
      }
      default:
        return false;
    }
  };
  return code.references.some(
    (reference) =>
      reference.kind === "name" &&
      project
        .lookup(code.module, reference.name, reference.path)
        .some((target) => isTouched(target, reference.mayChange)),
  );
}
