export { compileRules, type CompiledRules } from './compile.ts'
export { limitState, type LimitState, type RuleDecision, type RuleFacts } from './facts.ts'
export { lintRules, type RuleWarning } from './lint.ts'
export { checkRuleNames } from './names.ts'
