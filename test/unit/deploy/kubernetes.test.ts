import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { MARGIN_MS, PORT, readYaml, root, RUNTIME_FILE, STATE_FOLDER } from "./deploy-files.ts";
import { loadDeployed } from "./deployed-runtime.ts";

const base = "deploy/kubernetes/base";
const several = "deploy/kubernetes/several";

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}

interface Container {
  readonly image: string;
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly env: readonly { readonly name: string }[];
  readonly securityContext: object;
  readonly resources: { readonly limits: { readonly memory?: string; readonly cpu?: string } };
  readonly startupProbe: Probe;
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string; readonly subPath?: string }[];
}

interface StatefulSet {
  readonly spec: {
    readonly replicas: number;
    readonly selector: { readonly matchLabels: object };
    readonly template: {
      readonly metadata: { readonly labels: object };
      readonly spec: {
        readonly terminationGracePeriodSeconds: number;
        readonly automountServiceAccountToken: boolean;
        readonly enableServiceLinks: boolean;
        readonly securityContext: object;
        readonly containers: readonly [Container];
        readonly volumes: readonly { readonly name: string }[];
      };
    };
    readonly volumeClaimTemplates: readonly { readonly metadata: { readonly name: string } }[];
  };
}

interface Kustomization {
  readonly resources: readonly string[];
  readonly configMapGenerator: readonly [{ readonly files: readonly string[]; readonly options: object }];
  readonly patches?: readonly { readonly path?: string }[];
}

const set = readYaml<StatefulSet>(`${base}/stateful-set.yaml`);
const pod = set.spec.template.spec;
const [container] = pod.containers;

describe("deploy/kubernetes", () => {
  test.each([base, several])("%s names files that exist", (folder) => {
    const { resources, configMapGenerator, patches = [] } = readYaml<Kustomization>(`${folder}/kustomization.yaml`);
    const named = [
      ...resources,
      ...configMapGenerator.flatMap(({ files }) => files),
      ...patches.flatMap(({ path: file }) => file ?? []),
    ];
    expect(named.filter((file) => !existsSync(path.join(root, folder, file)))).toEqual([]);
  });

  test("the pod has no rights, and a root that it cannot write", () => {
    expect(pod.securityContext).toMatchObject({
      runAsNonRoot: true,
      runAsUser: 10_001,
      runAsGroup: 10_001,
      fsGroup: 10_001,
      seccompProfile: { type: "RuntimeDefault" },
    });
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
    expect(pod.automountServiceAccountToken).toBe(false);
    expect(pod.enableServiceLinks).toBe(false);
  });

  test("the probes ask the daemon where it listens; only readiness asks for more than life", () => {
    expect(container.ports).toEqual([{ name: "http", containerPort: PORT }]);
    const probes = [container.startupProbe, container.livenessProbe, container.readinessProbe];
    expect(probes.map(({ httpGet }) => httpGet)).toEqual(
      ["/healthz", "/healthz", "/readyz"].map((probe) => ({ path: probe, port: "http" })),
    );
  });

  test("config, secrets, state and /tmp are mounted, each from what there is, none so that it never changes", () => {
    const mounts = container.volumeMounts.map(({ mountPath }) => mountPath);
    expect(mounts).toEqual([path.dirname(RUNTIME_FILE), "/run/secrets/millrace", STATE_FOLDER, "/tmp"]);
    const volumes = [...pod.volumes, ...set.spec.volumeClaimTemplates.map(({ metadata }) => metadata)];
    expect(container.volumeMounts.map(({ name }) => name).toSorted()).toEqual(
      volumes.map(({ name }) => name).toSorted(),
    );
    expect(container.volumeMounts.filter(({ subPath }) => subPath !== undefined)).toEqual([]);
    expect(container.resources.limits).toEqual({ memory: expect.stringMatching(/^\d+Gi$/) });
  });

  test("the ConfigMap changes in place, and holds the runtime file with all of its jobs", () => {
    const [{ files, options }] = readYaml<Kustomization>(`${base}/kustomization.yaml`).configMapGenerator;
    expect(options).toEqual({ disableNameSuffixHash: true });
    expect(files.map((file) => path.basename(file)).toSorted()).toEqual([
      "live-orders.yaml",
      "millrace.yaml",
      "orders.ts",
    ]);
  });

  test.each([
    { name: "one daemon", runtimeFile: `${base}/config/millrace.yaml`, state: "sqlite" },
    { name: "several daemons", runtimeFile: `${several}/millrace.yaml`, state: "postgres" },
  ])("the runtime file of $name loads, and fits the pod", async ({ runtimeFile, state }) => {
    const { config, jobs } = await loadDeployed({ folder: `${base}/config`, runtimeFile });
    expect(jobs.map(({ name }) => name)).toEqual(["live-orders"]);
    expect(config.admin).toMatchObject({ host: "0.0.0.0", port: PORT });
    expect(config.state.type).toBe(state);
    expect(config.reload.watch).toBe(true);
    // Without a limit on the CPU `auto` would be all of the node.
    expect(config.threads).toBeTypeOf("number");
    expect(pod.terminationGracePeriodSeconds * 1_000).toBeGreaterThanOrEqual(config.shutdown.deadlineMs + MARGIN_MS);
  });

  test("one daemon has its state to itself; several have theirs in Postgres alone", () => {
    expect(set.spec.replicas).toBe(1);
    const patch = readYaml<Pick<StatefulSet, "spec">>(`${several}/stateful-set.yaml`);
    expect(patch.spec.replicas).toBeGreaterThan(1);
    expect(patch.spec.volumeClaimTemplates).toBeNull();
  });

  test("who selects pods selects these", () => {
    const labels = { "app.kubernetes.io/name": "millrace" };
    interface Selecting {
      readonly spec: { readonly selector?: object; readonly podSelector?: object };
    }
    const selectors = ["service", "pod-disruption-budget", "network-policy", "service-monitor.example"].map((name) => {
      const { selector, podSelector } = readYaml<Selecting>(`${base}/${name}.yaml`).spec;
      return selector ?? podSelector;
    });
    expect(set.spec.template.metadata.labels).toEqual(labels);
    expect([set.spec.selector, ...selectors]).toEqual([
      { matchLabels: labels },
      labels,
      { matchLabels: labels },
      { matchLabels: labels },
      { matchLabels: labels },
    ]);
  });

  test.runIf(spawnSync("kubectl", ["version", "--client"]).status === 0).each([base, several])(
    "kubectl builds %s",
    (folder) => {
      const { status, stdout, stderr } = spawnSync("kubectl", ["kustomize", folder], { cwd: root, encoding: "utf8" });
      expect(status, stderr).toBe(0);
      const kinds = parseAllDocuments(stdout).map((document) => document.get("kind"));
      expect(kinds.toSorted()).toEqual([
        "ConfigMap",
        "Namespace",
        "NetworkPolicy",
        "PodDisruptionBudget",
        "Service",
        "ServiceAccount",
        "StatefulSet",
      ]);
    },
  );
});
