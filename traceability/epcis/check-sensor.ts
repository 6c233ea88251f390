import {
  flag,
  hex,
  list,
  number,
  object,
  text,
  time,
  uri,
  vocabulary,
  webVocabulary,
} from './check-fields.ts'
import { COMPONENTS, MEASUREMENTS, SENSOR_ALERTS } from './vocabulary.ts'

/** EPCIS 2.0, 7.3.7.1: when, by which device, from which data. */
const sensorMetadata = object({
  fields: {
    time,
    deviceID: uri,
    deviceMetadata: uri,
    rawData: uri,
    startTime: time,
    endTime: time,
    dataProcessingMethod: uri,
    bizRules: uri,
  },
  extensions: true,
})

/** EPCIS 2.0, 7.3.7.2: one reading, or the statistics of many. */
const sensorReport = object({
  fields: {
    type: webVocabulary(MEASUREMENTS, 'measurement type of the GS1 Web Vocabulary'),
    exception: webVocabulary(SENSOR_ALERTS, 'sensor alert type'),
    deviceID: uri,
    deviceMetadata: uri,
    rawData: uri,
    dataProcessingMethod: uri,
    bizRules: uri,
    time,
    microorganism: uri,
    chemicalSubstance: uri,
    coordinateReferenceSystem: uri,
    value: number,
    component: vocabulary(COMPONENTS, 'component'),
    stringValue: text,
    booleanValue: flag,
    hexBinaryValue: hex,
    uriValue: uri,
    minValue: number,
    maxValue: number,
    meanValue: number,
    sDev: number,
    percRank: number,
    percValue: number,
    uom: text,
  },
  required: ['type'],
  extensions: true,
})

export const sensorElement = object({
  fields: { sensorMetadata, sensorReport: list(sensorReport, { least: 1 }) },
  required: ['sensorReport'],
  extensions: true,
})
