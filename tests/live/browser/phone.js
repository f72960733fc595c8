// A telephone in a page, as small as it can be: signs in over HTTP, registers over the page's own
// origin, and lets a test see, hear and press. It is not the agents' desktop.
import JsSIP from "jssip";

const state = { registered: false, registrations: 0, disconnects: 0, session: null, rings: 0, endings: [], digits: "" };
const ears = { context: null, analyser: null, bins: null };

async function ask(method, path, body) {
  const reply = await fetch(`/api/v1${path}`, {
    method,
    headers: { "Content-Type": "application/json", "X-Callcenter": "1" },
    body: body && JSON.stringify(body),
  });
  const text = await reply.text();
  if (!reply.ok) throw new Error(`${method} ${path}: ${reply.status} ${text}`);
  return text ? JSON.parse(text) : null;
}

// Sign in, sit down at this browser, and register. The cookie never comes into this script's hands.
async function open({ name, password, agent, transportPolicy }) {
  await ask("POST", "/login", { name, password, keep: "cookie" });
  const seat = await ask("POST", `/agents/${agent}/login`, { phone: "browser" });
  const ice = await ask("GET", "/ice");
  const raw = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
  const microphone = await navigator.mediaDevices.getUserMedia({ audio: raw });
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const ua = new JsSIP.UA({
    sockets: [new JsSIP.WebSocketInterface(`${scheme}://${location.host}/ws`)],
    uri: `sip:${seat.account.endpoint}@${location.hostname}`,
    password: seat.account.password,
    session_timers: false,
    connection_recovery_min_interval: 1,
    connection_recovery_max_interval: 5,
  });
  ua.on("registered", () => Object.assign(state, { registered: true, registrations: state.registrations + 1 }));
  ua.on("unregistered", () => (state.registered = false));
  ua.on("disconnected", () => Object.assign(state, { registered: false, disconnects: state.disconnects + 1 }));
  ua.on("newRTCSession", ({ session, request }) => ring(session, request));
  const pcConfig = { iceServers: ice.ice_servers, iceTransportPolicy: transportPolicy };
  state.answer = () => state.session.answer({ mediaStream: microphone, pcConfig });
  ua.start();
}

function ring(session, request) {
  Object.assign(state, { session, confirmed: false, call: request.getHeader("X-CC-Call") });
  state.rings += 1;
  const turn = state.rings - 1; // The next may ring before this one has ended.
  session.on("peerconnection", ({ peerconnection }) => {
    state.connection = peerconnection;
    peerconnection.addEventListener("track", ({ streams }) => listen(streams[0]));
  });
  // The first candidate may be one that the switch cannot use (TCP, or IPv6 where it offers IPv4):
  // an answer of that alone is a call without sound. To wait for all of them takes too long.
  session.on("icecandidate", ({ candidate, ready }) => {
    if (candidate.protocol === "udp" && candidate.address.includes(".")) ready();
  });
  session.on("confirmed", () => (state.confirmed = true));
  session.on("ended", ({ originator, cause }) => (state.endings[turn] = { originator, cause }));
  session.on("failed", ({ originator, cause }) => (state.endings[turn] = { originator, cause }));
}

function listen(stream) {
  // Chromium gives Web Audio no sound of a far end that no element plays.
  document.getElementById("far-end").srcObject = stream;
  ears.context ??= new AudioContext();
  ears.analyser = ears.context.createAnalyser();
  ears.analyser.fftSize = 8192;
  ears.analyser.smoothingTimeConstant = 0;
  ears.bins = new Float32Array(ears.analyser.frequencyBinCount);
  ears.context.createMediaStreamSource(stream).connect(ears.analyser);
}

// The loudest tone of the last sixth of a second: Hz, and dB below full scale.
function heard() {
  if (!ears.analyser) return { hz: 0, db: -200 };
  ears.analyser.getFloatFrequencyData(ears.bins);
  const best = ears.bins.reduce((top, level, bin) => (level > ears.bins[top] ? bin : top), 0);
  return { hz: (best * ears.context.sampleRate) / ears.analyser.fftSize, db: ears.bins[best] };
}

// How the sound travels: the kinds of the two ends of the path in use ("host", "prflx", "relay").
async function path() {
  const stats = await state.connection.getStats();
  const all = [...stats.values()];
  const transport = all.find((one) => one.type === "transport");
  const pair = stats.get(transport.selectedCandidatePairId);
  return {
    local: stats.get(pair.localCandidateId).candidateType,
    remote: stats.get(pair.remoteCandidateId).candidateType,
    offered: state.session._request.body.match(/a=candidate:.*/g),
  };
}

// All that the browser knows about its connection, for the report of a test that failed.
async function connection() {
  if (!state.connection) return null;
  const { iceConnectionState, connectionState, signalingState } = state.connection;
  const stats = [...(await state.connection.getStats()).values()];
  const asked = ["transport", "candidate-pair", "inbound-rtp", "outbound-rtp", "media-source"];
  return {
    states: { iceConnectionState, connectionState, signalingState },
    heard: heard(),
    answered: state.connection.localDescription?.sdp.match(/a=candidate:.*/g),
    stats: stats.filter(({ type }) => asked.includes(type)),
  };
}

// Whether a socket to the switch opens from this page.
function knock(url) {
  return new Promise((tell) => {
    const socket = new WebSocket(url, "sip");
    socket.onopen = () => (socket.close(), tell(true));
    socket.onerror = () => tell(false);
  });
}

window.phone = {
  open,
  heard,
  path,
  connection,
  knock,
  look: () => ({
    registered: state.registered,
    registrations: state.registrations,
    disconnects: state.disconnects,
    rings: state.rings,
    call: state.call ?? null,
    confirmed: state.confirmed ?? false,
    endings: state.endings,
  }),
  answer: () => state.answer(),
  press: (digits) => state.session.sendDTMF(digits, { transportType: "RFC2833" }),
  hangUp: () => state.session.terminate(),
};
