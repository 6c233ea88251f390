import { oneUri } from './epc.ts'

/** Core Business Vocabulary 2.0: the bare words that JSON documents use (CBV 2.0, sections 7.1 to 7.7). */

const words = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/))

export const BIZ_STEPS = words(`
  accepting arriving assembling collecting commissioning consigning creating_class_instance cycle_counting
  decommissioning departing destroying disassembling dispensing encoding entering_exiting holding inspecting
  installing killing loading other packing picking receiving removing repackaging repairing replacing reserving
  retail_selling sampling sensor_reporting shipping staging_outbound stock_taking stocking storing transporting
  unloading unpacking void_shipping`)

export const DISPOSITIONS = words(`
  active available completeness_inferred completeness_verified conformant container_closed container_open damaged
  destroyed dispensed disposed encoded expired in_progress in_transit inactive mismatch_class mismatch_instance
  mismatch_quantity needs_replacement no_pedigree_match non_conformant non_sellable_other partially_dispensed
  recalled reserved retail_sold returned sellable_accessible sellable_not_accessible stolen unavailable unknown`)

export const BIZ_TRANSACTION_TYPES = words(
  'bol cert desadv inv pedigree po poc prodorder recadv rma testprd testres upevt',
)

export const PARTY_TYPES = words('owning_party possessing_party location')

export const ERROR_REASONS = words('did_not_occur incorrect_data')

/** CBV 2.0, 7.7: coordinates of a vector reading. */
export const COMPONENTS = words(`
  x y z axial_distance azimuth height spherical_radius polar_angle elevation_angle easting northing latitude
  longitude altitude`)

export const SENSOR_ALERTS = words('ALARM_CONDITION ERROR_CONDITION')

/** Properties of the GS1 Web Vocabulary that a sensor may report (CBV 2.0, 7.8). */
export const MEASUREMENTS = words(`
  AbsoluteHumidity AbsorbedDose AbsorbedDoseRate Acceleration Radioactivity Altitude AmountOfSubstance
  AmountOfSubstancePerUnitVolume Angle AngularAcceleration AngularMomentum AngularVelocity Area Capacitance
  Conductance Conductivity Count Density Dimensionless DoseEquivalent DoseEquivalentRate DynamicViscosity
  ElectricCharge ElectricCurrent ElectricCurrentDensity ElectricFieldStrength Energy Exposure Force Frequency
  Illuminance Inductance Irradiance KinematicViscosity Length LinearMomentum Luminance LuminousFlux
  LuminousIntensity MagneticFlux MagneticFluxDensity MagneticVectorPotential Mass MassConcentration MassFlowRate
  MassPerAreaTime MemoryCapacity MolalityOfSolute MolarEnergy MolarMass MolarVolume Power Pressure RadiantFlux
  RadiantIntensity RelativeHumidity Resistance Resistivity SolidAngle SpecificVolume Speed SurfaceDensity
  SurfaceTension Temperature Time Torque Voltage Volume VolumeFlowRate VolumeFraction VolumetricFlux Wavenumber`)

export const ACTIONS = words('ADD OBSERVE DELETE')

export const EVENT_TYPES = [
  'ObjectEvent',
  'AggregationEvent',
  'TransactionEvent',
  'TransformationEvent',
  'AssociationEvent',
] as const
export type EventType = (typeof EVENT_TYPES)[number]

export const isEventType = (text: unknown): text is EventType => EVENT_TYPES.some((t) => t === text)

/**
 * The bare word of a vocabulary URI: `urn:epcglobal:cbv:bizstep:shipping`, `https://ref.gs1.org/cbv/BizStep-shipping`,
 * `https://gs1.org/voc/Temperature`, `https://ref.gs1.org/epcis/ObjectEvent` and the last three with the prefixes `cbv:`,
 * `gs1:` and `epcis:` of the EPCIS context mean the same as the word; anything else stays as it is.
 */
export function bareWord(text: string): string {
  const found =
    /^urn:epcglobal:cbv:(?:bizstep|disp|btt|sdt|er):([a-z_]+)$/.exec(text) ??
    /^(?:https?:\/\/(?:ref|ns)\.gs1\.org\/cbv\/|cbv:)(?:BizStep|Disp|BTT|SDT|ER|Comp)-(\w+)$/.exec(text) ??
    /^(?:https?:\/\/(?:www\.|ref\.)?gs1\.org\/voc\/|gs1:)(\w+)$/.exec(text) ??
    /^(?:https?:\/\/(?:ref|ns)\.gs1\.org\/epcis\/|epcis:)(\w+)$/.exec(text)
  return found?.[1] ?? text
}

/** Key of an element of a vocabulary: the one form of its URI, a word of the CBV as it is bare. */
export const elementKey = (id: string): string => oneUri(bareWord(id))
