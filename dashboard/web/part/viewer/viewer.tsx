import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { PartAnswer } from '../../api/types.ts'
import { usePrinting } from '../../look/printing.ts'
import { Nothing, Waiting } from '../../shell/states.tsx'
import { CursorBar, type CursorFacts } from './cursor-bar.tsx'
import { useImage } from './loaded-image.ts'
import { paint } from './paint.ts'
import { apply, partToImage } from './placement.ts'
import { Pointers } from './pointers.ts'
import { paintScoreMap } from './score-map.ts'
import { ViewerTools } from './viewer-tools.tsx'
import { useViewerKeys } from './viewer-keys.ts'
import type { ViewerSettings } from './viewer-settings.ts'
import {
  fitView,
  focusBox,
  toPart,
  trueSizeView,
  zoomAt,
  type Size,
  type ViewTransform,
} from './view-transform.ts'

export interface ViewerProps {
  answer: PartAnswer
  settings: ViewerSettings
  change(settings: Partial<ViewerSettings>): void
  hovered: string | null
  onHover(findingId: string | null): void
  /** A finding to bring to the middle; a new object each time it is asked for. */
  focus: { id: string } | null
}

const FLICKER_MS = 600

type Kept = Pick<ViewerProps, 'settings' | 'change'>

/** The golden template alone is shown for the part it was chosen at: nobody is to judge the next one by it, or tomorrow's. */
function useOwnPicture(id: string, { settings, change }: Kept): [Kept['settings'], Kept['change']] {
  const [goldenFor, setGoldenFor] = useState<string | null>(null)
  const isOther = settings.mode === 'golden' && goldenFor !== id
  return [
    useMemo(() => (isOther ? { ...settings, mode: 'part' } : settings), [settings, isOther]),
    useCallback(
      (to) => {
        if (to.mode === 'golden') setGoldenFor(id)
        change(to)
      },
      [id, change],
    ),
  ]
}

/** The image of a part on a canvas: pan, zoom to pixels, boxes, score map, golden template, values under the cursor. */
export function Viewer({ answer, hovered, onHover, focus, ...of }: ViewerProps): ReactNode {
  const { t } = useTranslation()
  const { part, recipe } = answer
  const printing = usePrinting()
  const [settings, change] = useOwnPicture(part.row.inspectionId, of)
  const goldenSha = part.images.find((i) => i.role === 'golden')?.sha256 ?? recipe?.goldenSha256 ?? null
  const frame = useImage(part.row.image?.sha256 ?? null)
  const golden = useImage(goldenSha)
  const canvasRef = useRef<HTMLCanvasElement>(null)
  const [canvas, setCanvas] = useState<Size>({ w: 0, h: 0 })
  const [view, setView] = useState<ViewTransform | null>(null)
  const [cursor, setCursor] = useState<CursorFacts | null>(null)
  const [flicker, setFlicker] = useState(false)
  const [pointers] = useState(() => new Pointers())
  const dpr = window.devicePixelRatio || 1
  const mode = goldenSha === null ? 'part' : settings.mode
  // Paper shows the part, whole: nobody can choose another picture there, nor see that it is another, or but a piece.
  const shown =
    mode === 'side'
      ? 'side'
      : !printing && (mode === 'golden' || (mode === 'flicker' && flicker))
        ? 'golden'
        : 'part'
  const paneWidth = mode === 'side' ? canvas.w / 2 : canvas.w
  const inPane = useCallback((x: number): number => (x > paneWidth ? x - paneWidth : x), [paneWidth])

  const size = frame.image ?? golden.image
  const partSize = useMemo<Size | null>(() => (size ? { w: size.widthPx, h: size.heightPx } : null), [size])
  const affine = useMemo(
    () => partToImage(part.verdict.registration, frame.image?.widthPx ?? 0, frame.image?.heightPx ?? 0),
    [part, frame.image],
  )
  const map = useMemo(() => {
    const chosen = part.verdict.maps.find((m) => m.tool === settings.map) ?? part.verdict.maps[0]
    return settings.mapOn && chosen ? paintScoreMap(chosen) : null
  }, [part, settings.map, settings.mapOn])

  const fit = useCallback(() => {
    if (partSize && paneWidth > 0) setView(fitView(partSize, { w: paneWidth, h: canvas.h }))
  }, [partSize, paneWidth, canvas.h])

  useLayoutEffect(() => {
    const element = canvasRef.current?.parentElement
    if (!element) return
    const observer = new ResizeObserver(() => setCanvas({ w: element.clientWidth, h: element.clientHeight }))
    observer.observe(element)
    return () => observer.disconnect()
  }, [])

  // A new part of the same size keeps the view, so that the same place can be compared over many parts.
  const fittedFor = useRef('')
  useEffect(() => {
    const key = `${partSize?.w}x${partSize?.h}/${paneWidth}x${canvas.h}`
    if (!partSize || paneWidth === 0 || fittedFor.current === key) return
    fittedFor.current = key
    fit()
  }, [partSize, paneWidth, canvas.h, fit])

  useEffect(() => {
    const finding = part.verdict.findings.find((f) => f.id === focus?.id)
    if (finding && paneWidth > 0) setView(focusBox(finding.box, { w: paneWidth, h: canvas.h }))
    // Only a new request moves the view.
  }, [focus])

  useEffect(() => {
    if (mode !== 'flicker') return
    const timer = setInterval(() => setFlicker((on) => !on), FLICKER_MS)
    return () => {
      clearInterval(timer)
      setFlicker(false)
    }
  }, [mode])

  const defects = useMemo(() => new Set(part.verdict.defects), [part])
  useEffect(() => {
    const element = canvasRef.current
    const context = element?.getContext('2d')
    // Also without a picture of this part: that of the one before must go.
    if (!element || !context || !view || canvas.w === 0) return
    const [w, h] = [Math.round(canvas.w * dpr), Math.round(canvas.h * dpr)]
    if (element.width !== w || element.height !== h) {
      element.width = w
      element.height = h
    }
    paint(context, {
      view: printing && partSize ? fitView(partSize, { w: paneWidth, h: canvas.h }) : view,
      canvas,
      dpr,
      part: frame.image,
      golden: golden.image,
      partToImage: affine,
      mode: shown,
      map,
      mapOpacity: settings.mapOpacity,
      boxes: settings.boxes,
      findings: part.verdict.findings,
      defects,
      measurements: part.verdict.measurements,
      hovered,
    })
  }, [
    view,
    printing,
    partSize,
    paneWidth,
    canvas,
    dpr,
    frame.image,
    golden.image,
    affine,
    shown,
    map,
    settings,
    part,
    defects,
    hovered,
    // Names of classes are painted.
    t,
  ])

  const zoom = useCallback(
    (factor: number) => setView((v) => v && zoomAt(v, factor, paneWidth / 2, canvas.h / 2)),
    [paneWidth, canvas.h],
  )
  const trueSize = useCallback(
    () => setView((v) => v && trueSizeView(v, { w: paneWidth, h: canvas.h }, dpr)),
    [paneWidth, canvas.h, dpr],
  )
  useViewerKeys({ fit, trueSize, zoom, change, settings, hasGolden: goldenSha !== null })

  // React listens to the wheel passively; zooming must keep the page from scrolling.
  useEffect(() => {
    const element = canvasRef.current
    if (!element) return
    const onWheel = (event: WheelEvent): void => {
      event.preventDefault()
      const { offsetX, offsetY } = event
      setView((v) => v && zoomAt(v, Math.exp(-event.deltaY * 0.0015), inPane(offsetX), offsetY))
    }
    element.addEventListener('wheel', onWheel, { passive: false })
    return () => element.removeEventListener('wheel', onWheel)
  }, [inPane])

  const look = (event: React.PointerEvent<HTMLCanvasElement>): void => {
    if (!view) return
    const { offsetX, offsetY } = event.nativeEvent
    // A menu of the browser may have taken the release.
    if (event.buttons === 0) pointers.lift(event.pointerId)
    const moved = pointers.move(event.pointerId, { x: offsetX, y: offsetY }, inPane)
    if (moved) {
      setView((v) => v && moved(v))
      return
    }
    const at = toPart(view, inPane(offsetX), offsetY)
    const inImage = apply(affine, at.x, at.y)
    setCursor({
      part: at,
      frame: frame.image?.valueAt(inImage.x, inImage.y) ?? null,
      golden: golden.image?.valueAt(at.x, at.y) ?? null,
    })
    const under = part.verdict.findings.find(
      ({ box: [x1, y1, x2, y2] }) => at.x >= x1 && at.x < x2 && at.y >= y1 && at.y < y2,
    )
    onHover(settings.boxes ? (under?.id ?? null) : null)
  }

  return (
    <div className="viewer">
      <ViewerTools
        settings={settings}
        change={change}
        maps={part.verdict.maps}
        hasGolden={goldenSha !== null}
        fit={fit}
        trueSize={trueSize}
        zoom={zoom}
      />
      <div className="viewer-stage">
        <canvas
          ref={canvasRef}
          role="img"
          aria-label={part.row.serial}
          data-scale={view?.scale}
          data-tx={view?.tx}
          data-ty={view?.ty}
          data-image={frame.image ? part.row.image?.sha256 : undefined}
          onPointerDown={(event) => {
            // The right one opens the menu of the browser, which may take its release.
            if (event.button > 1) return
            event.currentTarget.setPointerCapture(event.pointerId)
            const { offsetX: x, offsetY: y } = event.nativeEvent
            pointers.press(event.pointerId, { x, y })
          }}
          onPointerUp={(event) => pointers.lift(event.pointerId)}
          onPointerCancel={(event) => pointers.lift(event.pointerId)}
          onPointerMove={look}
          onPointerLeave={() => {
            setCursor(null)
            onHover(null)
          }}
          onDoubleClick={fit}
        />
        {part.row.image === null && (
          <div className="viewer-note">
            <Nothing title={t('part.noImage')} hint={t('part.noImageHint')} />
          </div>
        )}
        {frame.failed && (
          <div className="viewer-note">
            <Nothing title={t('part.imageNotShown')} hint={t('part.imageNotShownHint')} />
          </div>
        )}
        {part.row.image !== null && !frame.image && !frame.failed && (
          <div className="viewer-note">
            <Waiting />
          </div>
        )}
        {(mode === 'flicker' || mode === 'side' || shown === 'golden') && (
          <span className="viewer-tag">{t(shown === 'golden' ? 'viewer.golden' : 'viewer.part')}</span>
        )}
        {mode === 'side' && <span className="viewer-tag of-side">{t('viewer.golden')}</span>}
      </div>
      <CursorBar
        cursor={cursor}
        zoom={view ? view.scale * dpr : null}
        calibration={recipe?.calibration ?? null}
      />
    </div>
  )
}
