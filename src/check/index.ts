export { type CheckFoldsOptions, checkFolds, updateFoldLock } from "./check-folds.ts";
export type {
  CheckedAggregate,
  FoldChange,
  FoldFinding,
  FoldFindingCode,
  FoldReport,
  FoldUpdate,
} from "./fold-report.ts";
