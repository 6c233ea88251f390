import { evaluate, openDataset, exportDetections } from './index.ts'
import { findPackages, loadTrustedKeys, TRUSTED_KEYS_FILE, PACKAGES_DIR } from '../models/index.ts'
import { writeFileSync } from 'node:fs'
const dir=process.argv[2]??'/work/shared/data/deeppcb', split=process.argv[3]??'val'
const dataset=await openDataset(dir,{split, limit: Number(process.argv[4]??1000)})
const trustedKeys=await loadTrustedKeys(TRUSTED_KEYS_FILE as any)
const [model]=await findPackages([PACKAGES_DIR])
const r=await evaluate({dataset,split,subject:{kind:'model',model:model!},models:{modelDirs:[PACKAGES_DIR],providers:['cpu'],trustedKeys,intraOpThreads:1}})
const {images,detection,...rest}=r
console.log(JSON.stringify(rest,null,1)); console.log({...detection,classes:detection?.classes.map(c=>({...c,curve:c.curve.length})),confusion:JSON.stringify(detection?.confusion)})
writeFileSync('/tmp/ev.json',JSON.stringify(r))
console.log(await exportDetections('/tmp/dets',images,{classes:dataset.classes}))
