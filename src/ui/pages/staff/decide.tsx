/** Staff decide: about one visit and never about another, or open the gate once without any. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { OperatorRefusal } from "../../../core/authority/answer.ts";
import type { ReasonCode } from "../../../core/reason.ts";
import type { ScreenView, VisitSummary } from "../../../core/view/view.ts";
import { CREDENTIALS, REFUSALS } from "../i18n/words.ts";
import { STAFF_TEXT } from "./words.ts";
import { formatReason, type Language, type FormatContext } from "../i18n/format.ts";
import { Title } from "../shared/language.tsx";
import { post, RefusedError } from "../shared/unit-stream.ts";
import { StatusMark } from "../shared/signs.tsx";
import { errorText } from "../../../base/errors.ts";

/** The unit's answer to a request; a screen reader reads it out when it comes. */
export function Answer({ answer }: { answer: AnswerText | undefined }) {
  return (
    <p class="answer" role="status">
      {answer !== undefined && (
        <>
          <StatusMark good={answer.good} /> {answer.text}
        </>
      )}
    </p>
  );
}

export interface AnswerText {
  good: boolean;
  text: string;
}

interface DecisionsProps {
  view: ScreenView;
  visits: readonly VisitSummary[];
  context: FormatContext;
  live: boolean;
}

/** The visit that can be decided now has a form of its own; it goes when that visit does. */
export function Decisions({ view, visits, context, live }: DecisionsProps) {
  const { language } = context;
  const [operator, setOperator] = useState("");
  const [kept, setKept] = useState("");
  const [said, setSaid] = useState<AnswerText>();
  const due = dueVisit(view, visits);
  const common = { operator, kept, language, live, onSaid: setSaid, onKeep: setKept };
  const closed = (visitRef: string, why: string): void => {
    setKept(why);
    setSaid({ good: false, text: whyClosed(newest.current, visitRef, language) });
  };
  const newest = useRef({ view, visits });
  newest.current = { view, visits };
  return (
    <section class="decisions">
      <label class="operator">
        <span>{STAFF_TEXT.operator[language]}</span>
        <input
          value={operator}
          maxLength={60}
          autocomplete="name"
          onInput={(event) => setOperator(event.currentTarget.value)}
        />
      </label>
      {due !== undefined && (
        <DecideVisit
          key={due}
          {...common}
          visitRef={due}
          view={view}
          context={context}
          onClosed={closed}
        />
      )}
      <OpenOnce {...common} context={context} visitRef={view.visitRef} />
      {kept !== "" && (
        <p class="kept">
          {STAFF_TEXT.keptReason[language]}: <q>{kept}</q>{" "}
          <button type="button" onClick={() => setKept("")}>
            {STAFF_TEXT.dropKept[language]}
          </button>
        </p>
      )}
      <Answer answer={said} />
    </section>
  );
}

/** The visit on the screen, where its outcome is still staff's to change. */
function dueVisit(view: ScreenView, visits: readonly VisitSummary[]): string | undefined {
  const { visitRef, outcome } = view;
  if (visitRef === undefined || (outcome !== "referred" && outcome !== "denied")) return undefined;
  const decided = visits.find((visit) => visit.visitRef === visitRef);
  return decided?.authority === undefined ? visitRef : undefined;
}

/** Why a form was closed while it was being filled in: who decided, or who stands there now. */
function whyClosed(
  { view, visits }: { view: ScreenView; visits: readonly VisitSummary[] },
  visitRef: string,
  language: Language,
): string {
  const decided = visits.find((visit) => visit.visitRef === visitRef);
  if (decided?.authority !== undefined || decided?.outcome === "granted") {
    const by = decided.authority === undefined ? {} : { by: decided.authority.by };
    return sayRefusal({ done: false, code: "already-decided", ...by }, language);
  }
  const { credentialKind, maskedName } = view;
  const there =
    view.visitRef === undefined || credentialKind === undefined
      ? ""
      : ` · ${STAFF_TEXT.thereNow[language]}: ${maskedName ?? ""} ${CREDENTIALS[credentialKind][language]}`;
  return `${STAFF_TEXT.formClosed[language]}${there}`;
}

function sayRefusal(refusal: OperatorRefusal, language: Language): string {
  const { code, there } = refusal;
  const unnamed = code === "already-decided" ? STAFF_TEXT.theUnit : STAFF_TEXT.colleague;
  const words = REFUSALS[code][language].replace("{by}", refusal.by ?? unnamed[language]);
  if (there === undefined || code === "confirm-needed") return words;
  const who = `${there.maskedName ?? ""} ${CREDENTIALS[there.credentialKind][language]}`;
  return `${words} · ${STAFF_TEXT.thereNow[language]}: ${who}`;
}

interface FormProps {
  operator: string;
  kept: string;
  language: Language;
  live: boolean;
  context: FormatContext;
  onSaid: (said: AnswerText | undefined) => void;
  onKeep: (why: string) => void;
}

type About = { visitRef: string } | { withoutVisit: true };

/** Sends a decision once at a time, and asks for the second step where the unit wants one. */
function useDecision({ operator, language, onSaid }: FormProps, about: About) {
  const [busy, setBusy] = useState(false);
  const [confirm, setConfirm] = useState<readonly ReasonCode[]>([]);
  // Without a visit: only for the visitor who stood there when the second step was asked for.
  const [whose, setWhose] = useState<string>();
  const unanswered = useRef<{ verdict: string; requestId: string } | undefined>(undefined);
  const ask = async (
    verdict: "grant" | "deny",
    why: string,
    confirmed?: readonly ReasonCode[],
  ): Promise<boolean> => {
    setBusy(true);
    onSaid(undefined);
    try {
      // The same decision sent again is not carried out again: only its answer was lost.
      const before = unanswered.current;
      const requestId = before?.verdict === verdict ? before.requestId : newRequestId();
      unanswered.current = { verdict, requestId };
      const meant = "withoutVisit" in about && whose !== undefined ? { confirmFor: whose } : {};
      const more = confirmed === undefined ? {} : { confirm: confirmed, ...meant };
      const body = { verdict, operator, why, requestId, ...about, ...more };
      const answer = await post("/api/operator/decide", body);
      unanswered.current = undefined;
      const recorded = !answer.done || answer.recorded;
      onSaid({
        good: recorded,
        text: (recorded ? STAFF_TEXT.recorded : STAFF_TEXT.doneUnrecorded)[language],
      });
      return true;
    } catch (error) {
      const refusal = refusalIn(error);
      if (refusal !== undefined && refusal.code !== "no-answer") unanswered.current = undefined;
      if (refusal?.confirm !== undefined) {
        setConfirm(refusal.confirm);
        setWhose(refusal.there?.visitRef);
      } else onSaid({ good: false, text: problemOf(error, refusal, language) });
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { ask, busy, confirm, setConfirm, whose };
}

// Not randomUUID: that is there only where the page came over TLS or from the machine itself.
function newRequestId(): string {
  return crypto.getRandomValues(new Uint32Array(4)).join("-");
}

function refusalIn(error: unknown): OperatorRefusal | undefined {
  if (!(error instanceof RefusedError)) return undefined;
  const { error: _why, ...answer } = error.answer;
  return answer.code !== undefined && answer.code in REFUSALS
    ? { ...answer, done: false, code: answer.code }
    : undefined;
}

function problemOf(
  error: unknown,
  refusal: OperatorRefusal | undefined,
  language: Language,
): string {
  if (refusal !== undefined) return sayRefusal(refusal, language);
  // The connection broke: whether the unit did it is not known here.
  if (!(error instanceof RefusedError)) return REFUSALS["no-answer"][language];
  return errorText(error);
}

interface DecideVisitProps extends FormProps {
  visitRef: string;
  view: ScreenView;
  /** The visit is over; what was typed for it is kept. */
  onClosed: (visitRef: string, why: string) => void;
}

function DecideVisit(props: DecideVisitProps) {
  const { visitRef, view, language, context, operator, live, onClosed } = props;
  const [why, setWhy] = useState("");
  const decision = useDecision(props, { visitRef });
  const { typed, there } = useKeptText(why, (kept) => onClosed(visitRef, kept));
  const decide = async (
    verdict: "grant" | "deny",
    confirm?: readonly ReasonCode[],
  ): Promise<void> => {
    const said = why;
    typed.current = "";
    setWhy("");
    if (await decision.ask(verdict, said, confirm)) return;
    if (there.current) setWhy(said);
    else props.onKeep(said);
  };
  const ready = live && !decision.busy && operator.trim() !== "" && why.trim().length >= 2;
  const letIn = (): void => {
    if (view.confirm === undefined) void decide("grant");
    else decision.setConfirm(view.confirm);
  };
  const referred = view.outcome === "referred";
  return (
    <form
      class={referred ? "decide decide-now" : "decide"}
      data-visit={visitRef}
      onSubmit={(event) => event.preventDefault()}
    >
      <h2>
        <Title
          words={referred ? STAFF_TEXT.decideHere : STAFF_TEXT.decideDenied}
          language={language}
        />
      </h2>
      <WhoIsIt view={view} context={context} />
      <Why why={why} language={language} kept={props.kept} onWhy={setWhy} onKeep={props.onKeep} />
      {decision.confirm.length > 0 ? (
        <Confirm
          findings={decision.confirm}
          context={context}
          ready={ready}
          label={STAFF_TEXT.confirmLetIn[language]}
          onConfirm={() => void decide("grant", decision.confirm)}
          onBack={() => decision.setConfirm([])}
        />
      ) : (
        <VerdictButtons
          ready={ready}
          language={language}
          onLetIn={letIn}
          onRefuse={() => void decide("deny")}
        />
      )}
    </form>
  );
}

/** Hands over the text of a form that goes: without text its end is not worth a message. */
function useKeptText(text: string, onClosed: (text: string) => void) {
  const typed = useRef("");
  const there = useRef(true);
  typed.current = text;
  useEffect(
    () => () => {
      there.current = false;
      if (typed.current !== "") onClosed(typed.current);
    },
    [],
  );
  return { typed, there };
}

interface VerdictButtonsProps {
  ready: boolean;
  language: Language;
  onLetIn: () => void;
  onRefuse: () => void;
}

function VerdictButtons({ ready, language, onLetIn, onRefuse }: VerdictButtonsProps) {
  return (
    <div class="decide-buttons">
      <button type="button" class="grant" disabled={!ready} onClick={onLetIn}>
        {STAFF_TEXT.letIn[language]}
      </button>
      <button type="button" class="deny" disabled={!ready} onClick={onRefuse}>
        {STAFF_TEXT.refuse[language]}
      </button>
    </div>
  );
}

function WhoIsIt({ view, context }: { view: ScreenView; context: FormatContext }) {
  const { credentialKind, maskedName, reasons } = view;
  const kind = credentialKind === undefined ? "" : CREDENTIALS[credentialKind][context.language];
  const said = reasons.map((reason) => formatReason(reason, context).reason);
  return (
    <p class="decide-who">
      <b>{maskedName ?? ""}</b> {kind} · {said.join(" · ")}
    </p>
  );
}

interface WhyProps {
  why: string;
  kept: string;
  language: Language;
  onWhy: (why: string) => void;
  onKeep: (kept: string) => void;
}

function Why({ why, kept, language, onWhy, onKeep }: WhyProps) {
  const take = (): void => {
    onWhy(kept);
    onKeep("");
  };
  return (
    <label class="decide-why">
      <span>{STAFF_TEXT.why[language]}</span>
      <input value={why} maxLength={300} onInput={(event) => onWhy(event.currentTarget.value)} />
      {kept !== "" && why === "" && (
        <button type="button" onClick={take}>
          {STAFF_TEXT.useKept[language]}
        </button>
      )}
    </label>
  );
}

interface ConfirmProps {
  findings: readonly ReasonCode[];
  context: FormatContext;
  ready: boolean;
  label: string;
  onConfirm: () => void;
  onBack: () => void;
}

/** The second step: it names what is overruled. */
function Confirm({ findings, context, ready, label, onConfirm, onBack }: ConfirmProps) {
  const said = findings.map((code) => formatReason({ code }, context).reason).join(" · ");
  return (
    <div class="confirm" role="alert">
      <p>
        <StatusMark good={false} /> {STAFF_TEXT.confirmAsk[context.language]}: <b>{said}</b>
      </p>
      <div class="decide-buttons">
        <button type="button" onClick={onBack}>
          {STAFF_TEXT.back[context.language]}
        </button>
        <button type="button" class="deny" disabled={!ready} onClick={onConfirm}>
          {label}
        </button>
      </div>
    </div>
  );
}

/** An action of its own, never what a form turns into. */
function OpenOnce(props: FormProps & { visitRef: string | undefined }) {
  const { language, context, operator, live } = props;
  const [open, setOpen] = useState(false);
  const [why, setWhy] = useState("");
  const decision = useDecision(props, { withoutVisit: true });
  const { visitRef } = props;
  // What was asked about one visitor is not asked about the next.
  useEffect(() => {
    if (decision.confirm.length > 0 && decision.whose !== visitRef) decision.setConfirm([]);
  }, [visitRef, decision.whose]);
  const ready = live && !decision.busy && operator.trim() !== "" && why.trim().length >= 2;
  const act = async (confirm?: readonly ReasonCode[]): Promise<void> => {
    if (!(await decision.ask("grant", why, confirm))) return;
    setWhy("");
    decision.setConfirm([]);
    setOpen(false);
  };
  return (
    <form class="decide open-once" onSubmit={(event) => event.preventDefault()}>
      <button type="button" aria-expanded={open} onClick={() => setOpen(!open)}>
        {STAFF_TEXT.decideNobody[language]}
      </button>
      {open && (
        <Why why={why} language={language} kept={props.kept} onWhy={setWhy} onKeep={props.onKeep} />
      )}
      {open && decision.confirm.length > 0 && (
        <Confirm
          findings={decision.confirm}
          context={context}
          ready={ready}
          label={STAFF_TEXT.confirmOpen[language]}
          onConfirm={() => void act(decision.confirm)}
          onBack={() => decision.setConfirm([])}
        />
      )}
      {open && decision.confirm.length === 0 && (
        <div class="decide-buttons">
          <button type="button" class="grant" disabled={!ready} onClick={() => void act()}>
            {STAFF_TEXT.openNow[language]}
          </button>
        </div>
      )}
    </form>
  );
}
