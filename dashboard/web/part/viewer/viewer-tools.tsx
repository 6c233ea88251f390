import { Button, Segmented, Select, Slider, Switch, Tooltip } from 'antd'
import { type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { ScoreMap } from '../../api/types.ts'
import type { ViewerSettings } from './viewer-settings.ts'

export interface ViewerToolsProps {
  settings: ViewerSettings
  change(settings: Partial<ViewerSettings>): void
  maps: readonly ScoreMap[]
  hasGolden: boolean
  fit(): void
  trueSize(): void
  zoom(factor: number): void
}

export function ViewerTools(p: ViewerToolsProps): ReactNode {
  const { t } = useTranslation()
  const { settings, change } = p
  return (
    <div className="viewer-tools">
      <Tooltip title="0">
        <Button onClick={p.fit}>{t('viewer.fit')}</Button>
      </Tooltip>
      <Tooltip title="1">
        <Button onClick={p.trueSize}>1:1</Button>
      </Tooltip>
      <Button onClick={() => p.zoom(1.4)} aria-label={t('viewer.zoomIn')}>
        +
      </Button>
      <Button onClick={() => p.zoom(1 / 1.4)} aria-label={t('viewer.zoomOut')}>
        −
      </Button>
      <Tooltip title="b">
        <label className="switch">
          <Switch checked={settings.boxes} onChange={(boxes) => change({ boxes })} /> {t('viewer.boxes')}
        </label>
      </Tooltip>
      {p.maps.length > 0 && (
        <>
          <Tooltip title="m">
            <label className="switch">
              <Switch checked={settings.mapOn} onChange={(mapOn) => change({ mapOn })} /> {t('viewer.map')}
            </label>
          </Tooltip>
          {settings.mapOn && (
            <>
              {p.maps.length > 1 && (
                <Select
                  value={settings.map ?? p.maps[0]?.tool}
                  onChange={(map) => change({ map })}
                  options={p.maps.map((m) => ({ value: m.tool, label: m.tool }))}
                />
              )}
              <Slider
                className="w-opacity"
                min={0}
                max={1}
                step={0.05}
                value={settings.mapOpacity}
                onChange={(mapOpacity) => change({ mapOpacity })}
                tooltip={{ formatter: (v) => `${Math.round((v ?? 0) * 100)} %` }}
                ariaLabelForHandle={t('viewer.opacity')}
              />
            </>
          )}
        </>
      )}
      <span className="grow" />
      {p.hasGolden && (
        <Segmented<ViewerSettings['mode']>
          aria-label={t('icon.scope')}
          value={settings.mode}
          onChange={(mode) => change({ mode })}
          options={(['part', 'golden', 'side', 'flicker'] as const).map((value) => ({
            value,
            label: t(`viewer.${value}`),
          }))}
        />
      )}
    </div>
  )
}
