import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

import org.opensearch.analysis.common.CommonAnalysisPlugin;
import org.opensearch.common.logging.LogConfigurator;
import org.opensearch.common.settings.Settings;
import org.opensearch.env.Environment;
import org.opensearch.index.reindex.ReindexPlugin;
import org.opensearch.node.InternalSettingsPreparer;
import org.opensearch.node.Node;
import org.opensearch.painless.PainlessPlugin;
import org.opensearch.transport.Netty4Plugin;

/**
 * A node of a cluster for tests: HOME PID KEY=VALUE...
 *
 * HOME holds config/log4j2.properties; settings come as arguments. The node ends with the process PID, which runs the
 * tests, so that none outlives them whatever happened. OpenSearch's own main class wants a distribution's layout.
 */
public final class ClusterNode extends Node {
    private ClusterNode(Environment environment) {
        super(
            environment,
            List.of(Netty4Plugin.class, CommonAnalysisPlugin.class, PainlessPlugin.class, ReindexPlugin.class),
            false);
    }

    public static void main(String[] arguments) throws Exception {
        Path home = Path.of(arguments[0]).toAbsolutePath();
        Settings.Builder settings = Settings.builder().put("path.home", home.toString());
        for (int i = 2; i < arguments.length; i++) {
            String[] pair = arguments[i].split("=", 2);
            if (pair[1].contains(",")) {
                settings.putList(pair[0], pair[1].split(","));
            } else {
                settings.put(pair[0], pair[1]);
            }
        }
        Settings given = settings.build();
        Environment environment = InternalSettingsPreparer.prepareEnvironment(
            given, Map.of(), home.resolve("config"), () -> given.get("node.name"));
        Files.createDirectories(environment.logsFile());
        System.setProperty("opensearch.logs.base_path", environment.logsFile().toString());
        System.setProperty("opensearch.logs.cluster_name", given.get("cluster.name"));
        System.setProperty("opensearch.logs.node_name", given.get("node.name"));
        LogConfigurator.setNodeName(given.get("node.name"));
        LogConfigurator.configure(environment);
        Node node = new ClusterNode(environment);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            try {
                node.close();
            } catch (Exception problem) {
                problem.printStackTrace();
            }
        }));
        node.start();
        ProcessHandle.of(Long.parseLong(arguments[1])).map(ProcessHandle::onExit).ifPresent(ended -> ended.join());
        System.exit(0);
    }
}
