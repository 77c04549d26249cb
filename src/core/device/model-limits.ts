// Capacity by hardware model. Sources: docs/panos-notes.md, "Limits of the models".

/** undefined: it is not certain from the model alone. */
type ModelLimits = {
  /** Registered addresses, of the whole system. */
  readonly addresses: number | undefined;
  readonly tagsPerAddress: number | undefined;
};

const uncertain: ModelLimits = { addresses: undefined, tagsPerAddress: undefined };

const limit = (addresses: number | undefined, tagsPerAddress: number | undefined): ModelLimits => ({
  addresses,
  tagsPerAddress,
});

/** What is not here is not certain: a PA-VM may be any size, and of the PA-5450 and the PA-7000 the sources differ. */
const byModel: readonly (readonly [RegExp, ModelLimits])[] = [
  [/^PA-220$/, limit(1000, 32)],
  [/^PA-410$/, limit(1000, 64)],
  [/^PA-440$/, limit(50_000, 64)],
  [/^PA-4[56]0$/, limit(100_000, 64)],
  [/^PA-820$/, limit(1000, 32)],
  [/^PA-850$/, limit(2500, 32)],
  [/^PA-32[256]0$/, limit(200_000, 32)],
  [/^PA-34[12]0$/, limit(150_000, 64)],
  [/^PA-34[34]0$/, limit(200_000, 64)],
  [/^PA-52[2568]0$/, limit(500_000, 32)],
  [/^PA-54[123]0$/, limit(500_000, 64)],
  [/^PA-5440$/, limit(500_000, undefined)],
  [/^PA-5450$/, limit(undefined, 64)],
  [/^(?:Panorama|M-[1-9]00)$/, limit(500_000, undefined)],
];

const answers = new Map<string, ModelLimits>();
/** A device may call itself something else each time. */
const mostAnswers = 100;

/** Asked with every change, of few models. */
export function limitsOfModel(model: string): ModelLimits {
  let limits = answers.get(model);
  if (limits === undefined) {
    limits = byModel.find(([pattern]) => pattern.test(model))?.[1] ?? uncertain;
    if (answers.size >= mostAnswers) answers.clear();
    answers.set(model, limits);
  }
  return limits;
}
