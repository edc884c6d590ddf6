"""Checks manifests of Kubernetes: check_manifests.py DIRECTORY

Each file has the strict schema of every version from the oldest supported one on (`pip install
kubernetes-validate`), every pod keeps the rules of the Pod Security Standard "restricted", and what names
something else in the directory (a port, a volume, a label, a claim) names what is there. Prints a line per
fault, and at the end how much was compared; the status is 1 if there is a fault.
"""

import pathlib
import sys

import kubernetes_validate.utils
import yaml

OLDEST = (1, 29)
# What people make themselves.
MADE_BY_HAND = {"secret": {"dist-train"}}


def number(version):
    return tuple(int(part) for part in version.split(".")[:2])


def get(tree, path, default=None):
    for key in path.split("."):
        if not isinstance(tree, dict) or key not in tree:
            return default
        tree = tree[key]
    return tree


def schema_faults(manifest, versions):
    for version in versions:
        try:
            kubernetes_validate.utils.validate(manifest, version, strict=True)
        except kubernetes_validate.utils.ValidationError as error:
            where = ".".join(str(part) for part in error.path)
            yield f"Kubernetes {version}: {where}: {error.message}"


def restricted_faults(pod):
    """https://kubernetes.io/docs/concepts/security/pod-security-standards/, and a root that is read-only."""
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.get(field):
            yield f"{field} is set"
    if get(pod, "securityContext.seccompProfile.type") not in ("RuntimeDefault", "Localhost"):
        yield "securityContext.seccompProfile is not RuntimeDefault"
    if get(pod, "securityContext.runAsNonRoot") is not True or not get(pod, "securityContext.runAsUser"):
        yield "the pod may run as root"
    if pod.get("automountServiceAccountToken") is not False or pod.get("enableServiceLinks") is not False:
        yield "the pod is told about the cluster"
    for volume in pod.get("volumes", []):
        kinds = set(volume) - {"name"}
        if not kinds <= {"configMap", "emptyDir", "persistentVolumeClaim", "secret", "projected"}:
            yield f"the volume {volume['name']} is a {', '.join(kinds)}"
    for container in pod["containers"]:
        context = container.get("securityContext", {})
        if context.get("allowPrivilegeEscalation") is not False or context.get("privileged"):
            yield f"{container['name']} may get more rights"
        if get(context, "capabilities.drop") != ["ALL"] or get(context, "capabilities.add"):
            yield f"{container['name']} has capabilities"
        if context.get("readOnlyRootFilesystem") is not True:
            yield f"the root of {container['name']} can be written to"
        if any(port.get("hostPort") for port in container.get("ports", [])):
            yield f"{container['name']} has a port of the host"


def name_faults(job, manifests):
    pod = job["spec"]["template"]["spec"]
    names = {kind: {m["metadata"]["name"] for m in manifests if m["kind"] == kind} for kind in
             ("ConfigMap", "PersistentVolumeClaim", "Service")}
    volumes = {volume["name"]: volume for volume in pod.get("volumes", [])}
    for volume in volumes.values():
        for path, there in (
            ("configMap.name", names["ConfigMap"]),
            ("persistentVolumeClaim.claimName", names["PersistentVolumeClaim"]),
            ("secret.secretName", MADE_BY_HAND["secret"]),
        ):
            if get(volume, path) is not None and get(volume, path) not in there:
                yield f"there is no {path} {get(volume, path)}"
    containers = {container["name"]: container for container in pod["containers"]}
    for container in containers.values():
        mounted = {mount["name"] for mount in container.get("volumeMounts", [])}
        if mounted != set(volumes):
            yield f"{container['name']} mounts {sorted(mounted)} of {sorted(volumes)}"
        ports = {port["name"] for port in container.get("ports", [])}
        probed = get(container, "readinessProbe.httpGet.port")
        if probed is not None and probed not in ports:
            yield f"the probe asks at a port {probed} that {container['name']} has not"
        arguments = container["args"]
        if "--join" in arguments and arguments[arguments.index("--join") + 1] not in names["Service"]:
            yield f"{container['name']} joins no Service of this directory"
        if container.get("livenessProbe"):
            yield f"{container['name']} has a liveness probe, which would kill it in a long step"
        if "75" not in arguments:
            yield f"{container['name']} ends with 0 when it is asked to, which says that it is done"
    for rule in get(job, "spec.podFailurePolicy.rules", []):
        name = get(rule, "onExitCodes.containerName")
        if name is not None and name not in containers:
            yield f"podFailurePolicy names a container {name}"
    labels = get(job, "spec.template.metadata.labels")
    for constraint in pod.get("topologySpreadConstraints", []):
        if not constraint["labelSelector"]["matchLabels"].items() <= labels.items():
            yield "topologySpreadConstraints count other pods"
    if pod.get("terminationGracePeriodSeconds") != 40:
        yield "terminationGracePeriodSeconds is not 40, twice what --grace is"


def service_faults(service, jobs):
    selected = [
        job for job in jobs
        if service["spec"]["selector"].items() <= job["spec"]["template"]["metadata"]["labels"].items()
    ]
    if len(selected) != 1:
        yield f"it selects the pods of {len(selected)} Jobs"
        return
    ports = {(port["name"], port["containerPort"]) for container in
             selected[0]["spec"]["template"]["spec"]["containers"] for port in container["ports"]}
    if {(port["name"], port["port"]) for port in service["spec"]["ports"]} != ports:
        yield f"it has other ports than the pod, {sorted(ports)}"


def policy_faults(policy, jobs):
    for job in jobs:
        selector = policy["spec"]["podSelector"]["matchLabels"]
        if not selector.items() <= job["spec"]["template"]["metadata"]["labels"].items():
            yield f"it does not select the pods of {job['metadata']['name']}"


def main(directory):
    files = sorted(pathlib.Path(directory).glob("*.yaml"))
    documents = [(file.name, document) for file in files for document in yaml.safe_load_all(file.read_text())]
    kustomization = next(document for name, document in documents if name == "kustomization.yaml")
    manifests = [document for name, document in documents if name != "kustomization.yaml"]
    manifests += [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": generator["name"]}}
                  for generator in kustomization["configMapGenerator"]]
    listed, present = set(kustomization["resources"]), {file.name for file in files} - {"kustomization.yaml"}
    faults = [f"kustomization.yaml: {name} is missing or not listed" for name in sorted(listed ^ present)]
    versions = [v for v in sorted(set(kubernetes_validate.utils.all_versions())) if number(v) >= OLDEST]
    jobs = [manifest for manifest in manifests if manifest["kind"] == "Job"]
    for manifest in manifests:
        found = list(schema_faults(manifest, versions))
        if manifest["kind"] == "Job":
            found += restricted_faults(manifest["spec"]["template"]["spec"])
            found += name_faults(manifest, manifests)
        elif manifest["kind"] == "Service":
            found += service_faults(manifest, jobs)
        elif manifest["kind"] == "NetworkPolicy":
            found += policy_faults(manifest, jobs)
        faults += [f"{manifest['kind']} {manifest['metadata']['name']}: {fault}" for fault in found]
    for fault in faults:
        print(fault)
    print(f"{len(manifests)} manifests, {len(versions)} versions, {len(faults)} faults")
    return 1 if faults else 0


sys.exit(main(sys.argv[1]))
