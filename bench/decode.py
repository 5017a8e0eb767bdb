#!/usr/bin/env python3
"""Decoding pages of all six protocols into documents: ours beside botocore's, the same bytes, one core, in one run.

  bench/decode.py DECODE_BENCH      the path of the built decode_bench

botocore comes from build/deps/botocore. CPU seconds, the best of several rounds of each.
"""
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "build", "deps", "botocore"))


def identifier(chance, prefix):
    return f"{prefix}-{chance.getrandbits(68):017x}"


def moment(chance):
    return (f"20{chance.randrange(20, 27)}-{chance.randrange(1, 13):02}-{chance.randrange(1, 29):02}"
            f"T{chance.randrange(24):02}:{chance.randrange(60):02}:{chance.randrange(60):02}.000Z")


def tags(chance, names):
    values = {
        "Name": f"web-{chance.randrange(10000):05}", "env": chance.choice(["prod", "staging", "dev"]),
        "team": chance.choice(["payments", "search", "platform-infra"]), "cost-center": str(chance.randrange(40)),
        "managed-by": "terraform",
    }
    items = "".join(f"<item><key>{name}</key><value>{values[name]}</value></item>" for name in names)
    return f"<tagSet>{items}</tagSet>"


def instance(chance):
    """About 3.3 KB, as DescribeInstances describes an instance of today with one interface and one volume."""
    ip = f"10.{chance.randrange(256)}.{chance.randrange(256)}.{chance.randrange(256)}"
    at, eni, subnet, vpc = moment(chance), identifier(chance, "eni"), f"subnet-{chance.randrange(12):017x}", "vpc-0a1b2c3d4e5f60718"
    groups = f"<groupSet><item><groupId>sg-{chance.randrange(9):017x}</groupId><groupName>web-tier</groupName></item></groupSet>"
    dns = f"ip-{ip.replace('.', '-')}.ec2.internal"
    return f"""
        <item>
            <reservationId>{identifier(chance, "r")}</reservationId>
            <ownerId>123456789012</ownerId>
            <groupSet/>
            <instancesSet>
                <item>
                    <instanceId>{identifier(chance, "i")}</instanceId>
                    <imageId>ami-{chance.randrange(20):017x}</imageId>
                    <instanceState><code>16</code><name>running</name></instanceState>
                    <privateDnsName>{dns}</privateDnsName>
                    <dnsName/>
                    <reason/>
                    <keyName>operations</keyName>
                    <amiLaunchIndex>0</amiLaunchIndex>
                    <productCodes/>
                    <instanceType>{chance.choice(["t3.medium", "m5.large", "c6i.2xlarge"])}</instanceType>
                    <launchTime>{at}</launchTime>
                    <placement><availabilityZone>us-east-1{chance.choice("abc")}</availabilityZone><groupName/><tenancy>default</tenancy></placement>
                    <monitoring><state>disabled</state></monitoring>
                    <subnetId>{subnet}</subnetId>
                    <vpcId>{vpc}</vpcId>
                    <privateIpAddress>{ip}</privateIpAddress>
                    <sourceDestCheck>true</sourceDestCheck>
                    {groups}
                    <architecture>x86_64</architecture>
                    <rootDeviceType>ebs</rootDeviceType>
                    <rootDeviceName>/dev/xvda</rootDeviceName>
                    <blockDeviceMapping><item><deviceName>/dev/xvda</deviceName><ebs><volumeId>{identifier(chance, "vol")}</volumeId><status>attached</status><attachTime>{at}</attachTime><deleteOnTermination>true</deleteOnTermination></ebs></item></blockDeviceMapping>
                    <virtualizationType>hvm</virtualizationType>
                    <clientToken>{chance.getrandbits(128):032x}</clientToken>
                    {tags(chance, ["Name", "env", "team", "cost-center", "managed-by"])}
                    <hypervisor>xen</hypervisor>
                    <networkInterfaceSet>
                        <item>
                            <networkInterfaceId>{eni}</networkInterfaceId>
                            <subnetId>{subnet}</subnetId>
                            <vpcId>{vpc}</vpcId>
                            <description/>
                            <ownerId>123456789012</ownerId>
                            <status>in-use</status>
                            <macAddress>0a:{chance.getrandbits(8):02x}:{chance.getrandbits(8):02x}:{chance.getrandbits(8):02x}:33:44</macAddress>
                            <privateIpAddress>{ip}</privateIpAddress>
                            <privateDnsName>{dns}</privateDnsName>
                            <sourceDestCheck>true</sourceDestCheck>
                            {groups}
                            <attachment><attachmentId>{identifier(chance, "eni-attach")}</attachmentId><deviceIndex>0</deviceIndex><status>attached</status><attachTime>{at}</attachTime><deleteOnTermination>true</deleteOnTermination><networkCardIndex>0</networkCardIndex></attachment>
                            <privateIpAddressesSet><item><privateIpAddress>{ip}</privateIpAddress><privateDnsName>{dns}</privateDnsName><primary>true</primary></item></privateIpAddressesSet>
                            <ipv6AddressesSet/>
                            <interfaceType>interface</interfaceType>
                        </item>
                    </networkInterfaceSet>
                    <ebsOptimized>false</ebsOptimized>
                    <enaSupport>true</enaSupport>
                    <cpuOptions><coreCount>1</coreCount><threadsPerCore>2</threadsPerCore></cpuOptions>
                    <capacityReservationSpecification><capacityReservationPreference>open</capacityReservationPreference></capacityReservationSpecification>
                    <hibernationOptions><configured>false</configured></hibernationOptions>
                    <metadataOptions><state>applied</state><httpTokens>required</httpTokens><httpPutResponseHopLimit>2</httpPutResponseHopLimit><httpEndpoint>enabled</httpEndpoint></metadataOptions>
                    <enclaveOptions><enabled>false</enabled></enclaveOptions>
                    <platformDetails>Linux/UNIX</platformDetails>
                    <usageOperation>RunInstances</usageOperation>
                </item>
            </instancesSet>
        </item>"""


def snapshot(chance):
    return f"""
        <item>
            <snapshotId>{identifier(chance, "snap")}</snapshotId>
            <volumeId>{identifier(chance, "vol")}</volumeId>
            <status>completed</status>
            <startTime>{moment(chance)}</startTime>
            <progress>100%</progress>
            <ownerId>123456789012</ownerId>
            <volumeSize>{chance.choice([8, 20, 100, 500])}</volumeSize>
            <description>Created by CreateImage({identifier(chance, "i")}) for {identifier(chance, "ami")}</description>
            <encrypted>false</encrypted>
            <storageTier>standard</storageTier>
            {tags(chance, ["Name", "env", "team"])}
        </item>"""


def page(operation, result, record, count):
    chance = random.Random(7)
    items = "".join(record(chance) for _ in range(count))
    items = re.sub("\n +", "\n ", items)
    return (f'<?xml version="1.0" encoding="UTF-8"?>\n<{operation}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">'
            f"<requestId>59dbff89-35bd-4eac-99ed-be587EXAMPLE</requestId><{result}>{items}</{result}>"
            f"<nextToken>token</nextToken></{operation}Response>").encode()


def ec2_page(operation, result, record):
    return lambda count: page(operation, result, record, count)


def s3_page(count):
    """A listing as S3 sends it, about 300 bytes a key."""
    chance = random.Random(7)
    keys = "".join(
        f"<Contents><Key>logs/2026/{chance.randrange(1, 13):02}/{chance.randrange(1, 29):02}/part-{i:05}.parquet</Key>"
        f"<LastModified>{moment(chance)}</LastModified><ETag>&quot;{chance.getrandbits(128):032x}&quot;</ETag>"
        f"<ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm><ChecksumType>FULL_OBJECT</ChecksumType>"
        f"<Size>{chance.randrange(1 << 30)}</Size><StorageClass>STANDARD</StorageClass></Contents>" for i in range(count))
    return ('<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"<Name>data</Name><Prefix>logs/</Prefix><KeyCount>{count}</KeyCount><MaxKeys>{count}</MaxKeys>"
            f"<EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>{keys}</ListBucketResult>").encode()


def logs_page(count):
    chance = random.Random(7)
    groups = [{
        "logGroupName": f"/aws/lambda/service-{chance.randrange(10000):05}-{chance.choice(['prod', 'dev'])}",
        "creationTime": 1_600_000_000_000 + chance.randrange(10 ** 11), "retentionInDays": 30, "metricFilterCount": 0,
        "arn": f"arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/service-{i:05}:*",
        "logGroupArn": f"arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/service-{i:05}",
        "storedBytes": chance.randrange(1 << 40), "logGroupClass": "STANDARD",
    } for i in range(count)]
    return json.dumps({"logGroups": groups, "nextToken": "token"}).encode()


def dynamodb_page(count):
    chance = random.Random(7)
    items = [{
        "id": {"S": f"{chance.getrandbits(128):032x}"}, "version": {"N": str(chance.randrange(1000))},
        "active": {"BOOL": True}, "tags": {"L": [{"S": "a"}, {"S": "b"}]},
        "address": {"M": {"city": {"S": "Springfield"}, "zip": {"S": f"{chance.randrange(100000):05}"}}},
    } for _ in range(count)]
    return json.dumps({"Items": items, "Count": count, "ScannedCount": count}).encode()


def iam_page(count):
    chance = random.Random(7)
    roles = "".join(
        f"<member><Path>/service-role/</Path><RoleName>role-{i:05}</RoleName><RoleId>AROA{chance.getrandbits(64):016X}</RoleId>"
        f"<Arn>arn:aws:iam::123456789012:role/service-role/role-{i:05}</Arn><CreateDate>{moment(chance)}</CreateDate>"
        "<AssumeRolePolicyDocument>%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22"
        "%2C%22Principal%22%3A%7B%22Service%22%3A%22ec2.amazonaws.com%22%7D%2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%5D%7D"
        "</AssumeRolePolicyDocument><MaxSessionDuration>3600</MaxSessionDuration></member>" for i in range(count))
    return ('<ListRolesResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ListRolesResult><IsTruncated>false'
            f"</IsTruncated><Roles>{roles}</Roles></ListRolesResult><ResponseMetadata><RequestId>r</RequestId>"
            "</ResponseMetadata></ListRolesResponse>").encode()


def lambda_page(count):
    chance = random.Random(7)
    return json.dumps({"Functions": [{
        "FunctionName": f"service-{i:05}", "FunctionArn": f"arn:aws:lambda:us-east-1:123456789012:function:service-{i:05}",
        "Runtime": "python3.12", "Role": "arn:aws:iam::123456789012:role/service", "Handler": "main.handler",
        "CodeSize": chance.randrange(1 << 24), "Description": "", "Timeout": 30, "MemorySize": 256,
        "LastModified": "2026-01-19T00:36:26.000+0000", "CodeSha256": f"{chance.getrandbits(256):064x}",
        "Version": "$LATEST", "Environment": {"Variables": {"STAGE": "prod", "LOG_LEVEL": "info"}},
        "TracingConfig": {"Mode": "PassThrough"}, "PackageType": "Zip", "Architectures": ["arm64"],
        "EphemeralStorage": {"Size": 512},
    } for i in range(count)], "NextMarker": "token"}).encode()


def cbor(value):
    """As much of RFC 8949 as the page needs; texts, lists and maps."""
    def head(major, number):
        if number < 24:
            return bytes([major << 5 | number])
        size = 1 if number < 256 else 2 if number < 65536 else 4
        return bytes([major << 5 | {1: 24, 2: 25, 4: 26}[size]]) + number.to_bytes(size, "big")
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(map(cbor, value))
    return head(5, len(value)) + b"".join(cbor(key) + cbor(item) for key, item in value.items())


def cloudwatch_page(count):
    chance = random.Random(7)
    return cbor({"Metrics": [{
        "Namespace": "AWS/EC2", "MetricName": chance.choice(["CPUUtilization", "NetworkIn", "NetworkOut"]),
        "Dimensions": [{"Name": "InstanceId", "Value": identifier(chance, "i")}],
    } for _ in range(count)], "NextToken": "token"})


def botocore_seconds(service, operation, body):
    import botocore.session
    import botocore.parsers
    model = botocore.session.get_session().get_service_model(service)
    shape = model.operation_model(operation).output_shape
    parser = botocore.parsers.create_parser(model.protocols[0] if service == "cloudwatch" else model.protocol)
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        parser.parse({"status_code": 200, "headers": {}, "body": body}, shape)
        best = min(best, time.process_time() - start)
    return best


def ours(binary, *arguments):
    return json.loads(subprocess.run([binary, *map(str, arguments)], check=True, stdout=subprocess.PIPE).stdout)


def main():
    binary = sys.argv[1]
    print(f"{'page':<34}{'KB/record':>10}{'botocore/s':>12}{'reeve/s':>12}{'times':>8}{'held B/record':>15}")
    with tempfile.TemporaryDirectory() as folder:
        for service, operation, make in (
                ("ec2", "DescribeInstances", ec2_page("DescribeInstances", "reservationSet", instance)),
                ("ec2", "DescribeSnapshots", ec2_page("DescribeSnapshots", "snapshotSet", snapshot)),
                ("iam", "ListRoles", iam_page), ("s3", "ListObjectsV2", s3_page),
                ("lambda", "ListFunctions", lambda_page), ("logs", "DescribeLogGroups", logs_page),
                ("dynamodb", "Scan", dynamodb_page), ("cloudwatch", "ListMetrics", cloudwatch_page)):
            count = 1000
            body = make(count)
            path = os.path.join(folder, operation)
            with open(path, "wb") as file:
                file.write(body)
            peer = botocore_seconds(service, operation, body)
            mine = ours(binary, service, operation, path, count)
            print(f"{f'{service} {operation} x{count}':<34}{len(body) / count / 1000:>10.2f}{count / peer:>12,.0f}"
                  f"{count / mine['seconds']:>12,.0f}{peer / mine['seconds']:>8.0f}{mine['held_bytes']:>15,.0f}")
        held = ours(binary, "ec2", "DescribeInstances", os.path.join(folder, "DescribeInstances"), 1000, "hold", 50)
        print(f"50,000 instances held: {held['resident_bytes'] / 1e6:.0f} MB; "
              f"model of ec2 loaded in {min(mine['model_seconds'], held['model_seconds']) * 1000:.1f} ms")


main()
