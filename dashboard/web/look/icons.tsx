import type { ReactNode } from 'react'
import type { VerdictResult } from '../api/types.ts'

interface IconProps {
  size?: number
  title?: string
}

const Icon = ({ size = 16, children }: IconProps & { children: ReactNode }): ReactNode => (
  <svg
    className="icon"
    width={size}
    height={size}
    viewBox="0 0 24 24"
    fill="none"
    stroke="currentColor"
    strokeWidth={2.4}
    strokeLinecap="round"
    strokeLinejoin="round"
    aria-hidden="true"
  >
    {children}
  </svg>
)

/** Shape differs as well as colour: tick, cross, hand-like pause. */
export const VerdictIcon = ({ result, size = 16 }: IconProps & { result: VerdictResult }): ReactNode => (
  <Icon size={size}>
    {result === 'pass' && (
      <>
        <circle cx="12" cy="12" r="10" />
        <path d="M7 12.500l3.500 3.500L17 9" />
      </>
    )}
    {result === 'fail' && (
      <>
        <rect x="2" y="2" width="20" height="20" rx="3" />
        <path d="M8 8l8 8M16 8l-8 8" />
      </>
    )}
    {result === 'inconclusive' && (
      <>
        <path d="M12 2L23 21H1Z" />
        <path d="M12 9v5M12 17.500v.100" />
      </>
    )}
  </Icon>
)

export const WarnIcon = ({ size = 16 }: IconProps): ReactNode => (
  <Icon size={size}>
    <path d="M12 3L22 20H2Z" />
    <path d="M12 10v4M12 17v.100" />
  </Icon>
)

export const LinkLostIcon = ({ size = 16 }: IconProps): ReactNode => (
  <Icon size={size}>
    <path d="M3 9a14 14 0 0 1 18 0M7 13a8 8 0 0 1 10 0M12 18v.100" />
    <path d="M3 3l18 18" />
  </Icon>
)

export const Person = ({ size = 16 }: IconProps): ReactNode => (
  <Icon size={size}>
    <circle cx="12" cy="8" r="4" />
    <path d="M4 21c0-4.500 3.600-7 8-7s8 2.500 8 7" />
  </Icon>
)

export const Eye = ({ size = 20 }: IconProps): ReactNode => (
  <Icon size={size}>
    <path d="M2 12s3.600-6.500 10-6.500S22 12 22 12s-3.600 6.500-10 6.500S2 12 2 12Z" />
    <circle cx="12" cy="12" r="3" />
  </Icon>
)
